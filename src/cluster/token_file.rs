//! A user's `tokenFile`, as kubectl takes it: whitespace around the token is no part of it (`kubectl create token … > FILE` ends it
//! with a line break, which kube sends on, and no request gets out), it goes before an inline `token`, and a token that is rotated on
//! disk is picked up while a run goes on. [client-go `transport/token_source.go`, `tools/clientcmd/api/types.go`]

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use kube::Config;
use kube::config::AuthInfo;
use tokio::time::Instant;

use super::error::{NoCredentials, OF_A_TOKEN_FILE};

/// How old what was read may be. client-go looks once a minute, and again when the server refuses the token.
const RELOAD: Duration = Duration::from_secs(10);

/// The file, and what it held when it was last read.
pub(super) struct TokenFile {
    path: PathBuf,
    read: Mutex<(Instant, HeaderValue)>,
}

/// Takes the token file, if there is one, out of `config`: nobody else is to read it.
///
/// # Errors
/// When it cannot be read, or holds no token.
pub(super) fn take(config: &mut Config) -> Result<Option<TokenFile>, NoCredentials> {
    let path = config.auth_info.token_file.take();
    let path = path.filter(|path| !path.is_empty());
    if path.is_some() {
        config.auth_info.token = None;
    }
    path.map(|path| TokenFile::open(path.into())).transpose()
}

/// Takes an inline token of no characters out of `config`: kubectl has it for none, kube would send it.
///
/// # Errors
/// When there are some, and all of them are blank.
pub(super) fn drop_empty(config: &mut Config) -> Result<(), NoCredentials> {
    let user = AuthInfo {
        token: config.auth_info.token.clone(),
        ..AuthInfo::default()
    };
    // It can be read in no other way.
    let user = serde_json::to_value(user).unwrap_or_default();
    match user["token"].as_str() {
        Some("") => config.auth_info.token = None,
        Some(token) if token.trim().is_empty() => {
            let problem = NoCredentials::new("the token of this user in the kubeconfig is empty");
            return Err(problem.hint("log in again, or take it out there"));
        }
        _ => {}
    }
    Ok(())
}

impl TokenFile {
    fn open(path: PathBuf) -> Result<Self, NoCredentials> {
        let header = read(&path).map_err(|why| problem(&path, &why))?;
        Ok(Self {
            path,
            read: Mutex::new((Instant::now(), header)),
        })
    }

    /// `Authorization`. Where the file can be read no more, the last token goes on: whoever rotates it may be in between.
    pub(super) fn header(&self) -> HeaderValue {
        let mut last = self.last();
        if last.0.elapsed() >= RELOAD
            && let Err(problem) = self.reload(&mut last)
        {
            tracing::debug!("{problem}");
        }
        last.1.clone()
    }

    /// As [`Self::header`], of what the file holds now.
    ///
    /// # Errors
    /// When it cannot be read any more, or holds no token.
    pub(super) fn header_now(&self) -> Result<HeaderValue, NoCredentials> {
        let mut last = self.last();
        self.reload(&mut last)?;
        Ok(last.1.clone())
    }

    fn last(&self) -> MutexGuard<'_, (Instant, HeaderValue)> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reload(&self, last: &mut (Instant, HeaderValue)) -> Result<(), NoCredentials> {
        last.0 = Instant::now();
        last.1 = read(&self.path).map_err(|why| problem(&self.path, &why))?;
        Ok(())
    }
}

/// What is wrong with the file, with its name before it.
fn problem(path: &Path, why: &str) -> NoCredentials {
    NoCredentials::new(format!("the token file {} {why}", path.display())).hint(OF_A_TOKEN_FILE)
}

/// What the file holds as a header, or what is wrong with it, without its content.
fn read(path: &Path) -> Result<HeaderValue, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    let token = text.trim();
    if token.is_empty() {
        return Err("is empty".to_owned());
    }
    let mut header = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| "holds more than one line, or what no token holds".to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_that_is_rotated_is_picked_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "first\n").unwrap();
        let file = TokenFile::open(path.clone()).unwrap();
        assert_eq!(file.header(), "Bearer first");
        std::fs::write(&path, " second\r\n").unwrap();
        assert_eq!(file.header(), "Bearer first");
        tokio::time::advance(RELOAD).await;
        assert_eq!(file.header(), "Bearer second");
        std::fs::write(&path, "third").unwrap();
        assert_eq!(file.header(), "Bearer second");
        let now = file.header_now().unwrap();
        assert_eq!(now, "Bearer third", "the server refused the second");
        std::fs::write(&path, "second").unwrap();
        assert_eq!(file.header_now().unwrap(), "Bearer second");
        assert!(file.header().is_sensitive());
        for content in [Some(""), Some("a\nb"), None] {
            match content {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            tokio::time::advance(RELOAD).await;
            assert_eq!(file.header(), "Bearer second", "{content:?}");
            let opened = TokenFile::open(path.clone()).map(|_| ());
            for result in [opened, file.header_now().map(|_| ())] {
                let error = result.expect_err("no token").to_string();
                assert!(error.contains(&path.display().to_string()), "{error}");
            }
        }
    }
}
