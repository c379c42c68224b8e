//! Profiles: the shared config and credentials files. [AWS SDKs and Tools Reference Guide: shared config and credentials files, assume
//! role, IAM Identity Center and process credential providers]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;
use sha1::{Digest, Sha1};

use super::super::answer::is_token;
use super::super::token_server;
use super::sts::Role;
use super::{Credentials, Expiring, Identities, SESSION, checked, from_json};
use crate::scalers::client::http::Request;
use crate::scalers::client::said::said;
use crate::scalers::{ReadError, endpoint};

/// Settings of one section by name.
type Section = BTreeMap<String, String>;

/// Both files, merged.
#[derive(Default)]
pub(super) struct Profiles {
    profiles: BTreeMap<String, Section>,
    sessions: BTreeMap<String, Section>,
}

/// For SSO's portal.
const PORTAL_TOKEN: HeaderName = HeaderName::from_static("x-amz-sso_bearer_token");

/// The way out where a profile needs what is not here.
const EXPORT: &str =
    "eval \"$(aws configure export-credentials --format env)\" gives its credentials to this shell";

impl Identities {
    /// What the profile of `AWS_PROFILE`, else `default`, gives; `None` when nobody names one and there is no default.
    pub(super) async fn aws_profile(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Option<Expiring<Credentials>>, ReadError> {
        let named = self
            .surroundings
            .variable("AWS_PROFILE")
            .or_else(|| self.surroundings.variable("AWS_DEFAULT_PROFILE"));
        let profiles = self.aws_profiles().await?;
        let name = named.as_deref().unwrap_or("default");
        if !profiles.profiles.contains_key(name) {
            return match named {
                None => Ok(None),
                Some(name) => {
                    let known: Vec<&str> = profiles.profiles.keys().map(String::as_str).collect();
                    Err(ReadError::new(format!(
                        "AWS_PROFILE names profile {name:?}, and there is no such profile; there are: {}",
                        known.join(", ")
                    )))
                }
            };
        }
        self.follow(&profiles, name, region, now).await
    }

    async fn aws_profiles(&self) -> Result<Profiles, ReadError> {
        let mut profiles = Profiles::default();
        // A later file overrides an earlier one.
        for (variable, usual, is_config) in [
            ("AWS_CONFIG_FILE", ".aws/config", true),
            ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", false),
        ] {
            let path = match self.surroundings.variable(variable) {
                Some(path) => Some(self.surroundings.path(&path)),
                None => self.surroundings.home(usual),
            };
            if let Some(path) = path
                && let Some(text) = self
                    .surroundings
                    .file(&path)
                    .await
                    .map_err(ReadError::new)?
            {
                profiles.add(&text, is_config);
            }
        }
        Ok(profiles)
    }

    /// From a profile over its source profiles to an access key, and back through the roles.
    async fn follow(
        &self,
        profiles: &Profiles,
        name: &str,
        region: &str,
        now: Timestamp,
    ) -> Result<Option<Expiring<Credentials>>, ReadError> {
        let wrong =
            |name: &str, problem: &str| ReadError::new(format!("AWS profile {name:?} {problem}"));
        let mut roles: Vec<(&str, &Section)> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut name = name;
        let base = loop {
            let profile = profiles
                .profiles
                .get(name)
                .ok_or_else(|| wrong(name, "is a source_profile, and there is no such profile"))?;
            let has = |key: &str| profile.contains_key(key);
            // Of a source profile its keys are what is meant.
            let keys_first = !roles.is_empty() && has("aws_access_key_id");
            if !seen.insert(name) && !keys_first {
                return Err(wrong(name, "is a source_profile of itself"));
            }
            if has("role_arn") && !keys_first {
                if let Some(file) = profile.get("web_identity_token_file") {
                    let token = self
                        .token_of(file)
                        .await
                        .map_err(|error| wrong(name, &format!(": {error}")))?;
                    break self
                        .sts_web_identity(
                            &profile["role_arn"],
                            session(profile),
                            &token,
                            region,
                            now,
                        )
                        .await?;
                }
                if has("mfa_serial") {
                    return Err(wrong(
                        name,
                        &format!(
                            "asks for a code (mfa_serial), which a loop cannot type; {EXPORT}"
                        ),
                    ));
                }
                roles.push((name, profile));
                if let Some(source) = profile.get("source_profile") {
                    name = source;
                    continue;
                }
                let source = profile.get("credential_source").map(String::as_str);
                let found = match source {
                    Some("Environment") => self.aws_environment(now)?,
                    Some("EcsContainer") => self.aws_container(now).await?,
                    Some("Ec2InstanceMetadata") => Some(self.aws_machine(now).await?),
                    _ => {
                        return Err(wrong(
                            name,
                            "has role_arn and neither source_profile, web_identity_token_file nor a credential_source of Environment, EcsContainer or Ec2InstanceMetadata",
                        ));
                    }
                };
                break found.ok_or_else(|| {
                    wrong(name, "has a credential_source that is not set up here")
                })?;
            }
            match self.of_profile(profiles, name, profile, now).await? {
                Some(found) => break found,
                None if roles.is_empty() => return Ok(None),
                None => {
                    return Err(wrong(name, "is a source_profile and holds no credentials"));
                }
            }
        };
        let mut found = base;
        for (name, profile) in roles.into_iter().rev() {
            let role = Role {
                arn: &profile["role_arn"],
                external_id: profile.get("external_id").map(String::as_str),
                session: session(profile),
                seconds: profile.get("duration_seconds").map(String::as_str),
            };
            found = self
                .sts_assume(&role, found.value, region, now)
                .await
                .map_err(|error| wrong(name, &format!("cannot assume its role: {error}")))?;
        }
        Ok(Some(found))
    }

    /// What a profile gives by itself.
    async fn of_profile(
        &self,
        profiles: &Profiles,
        name: &str,
        profile: &Section,
        now: Timestamp,
    ) -> Result<Option<Expiring<Credentials>>, ReadError> {
        let wrong = |problem: String| ReadError::new(format!("AWS profile {name:?} {problem}"));
        let part = |key: &str| profile.get(key).map(String::as_str);
        if let Some(key) = part("aws_access_key_id") {
            let secret = part("aws_secret_access_key").unwrap_or_default();
            let token = part("aws_session_token").unwrap_or_default();
            return checked(key, secret, token, None, now)
                .map(Some)
                .map_err(wrong);
        }
        if part("sso_account_id").is_some() || part("sso_session").is_some() {
            return self.sso(profiles, name, profile, now).await.map(Some);
        }
        let Some(command) = part("credential_process") else {
            return Ok(None);
        };
        let (shell, flag) = if cfg!(windows) {
            ("cmd", "/C")
        } else {
            ("sh", "-c")
        };
        // Neither the command nor what it says is shown: both may hold secrets.
        let output = self
            .surroundings
            .run(shell, &[flag, command])
            .await
            .map_err(|error| wrong(format!(": credential_process: {error}")))?
            .filter(|output| output.succeeded)
            .ok_or_else(|| {
                wrong("has a credential_process that failed; run it by hand to see why".to_owned())
            })?;
        let json: Value = serde_json::from_str(output.stdout.expose()).unwrap_or_default();
        if json["Version"].as_i64() != Some(1) {
            return Err(wrong(
                "has a credential_process that answered with something else than JSON of Version 1"
                    .to_owned(),
            ));
        }
        let names = [
            "AccessKeyId",
            "SecretAccessKey",
            "SessionToken",
            "Expiration",
        ];
        from_json(&json, names, now)
            .map(Some)
            .map_err(|error| wrong(format!("has a credential_process that {error}")))
    }

    /// IAM Identity Center, with the token that `aws sso login` has left.
    async fn sso(
        &self,
        profiles: &Profiles,
        name: &str,
        profile: &Section,
        now: Timestamp,
    ) -> Result<Expiring<Credentials>, ReadError> {
        let wrong = |problem: &str| ReadError::new(format!("AWS profile {name:?} {problem}"));
        let session = match profile.get("sso_session") {
            Some(session) => profiles.sessions.get(session).ok_or_else(|| {
                wrong(&format!(
                    "names sso_session {session:?}, and there is no such section"
                ))
            })?,
            None => profile,
        };
        let part = |section: &Section, key: &str| {
            section
                .get(key)
                .cloned()
                .ok_or_else(|| wrong(&format!("signs in by SSO and has no {key}")))
        };
        let region = part(session, "sso_region")?;
        let start = part(session, "sso_start_url")?;
        let of_session = profile.get("sso_session").unwrap_or(&start);
        let file = format!(".aws/sso/cache/{}.json", sha1(of_session));
        let login = format!("sign in with: aws sso login --profile {name}");
        let text = match self.surroundings.home(&file) {
            Some(path) => self
                .surroundings
                .file(&path)
                .await
                .map_err(ReadError::new)?,
            None => None,
        };
        let kept: Value = text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let token = kept["accessToken"]
            .as_str()
            .filter(|token| is_token(token))
            .ok_or_else(|| wrong(&format!("is not signed in; {login}")))?;
        let holds = kept["expiresAt"]
            .as_str()
            .and_then(|text| text.replace("UTC", "Z").parse::<Timestamp>().ok())
            .is_some_and(|expires| expires > now);
        if !holds {
            return Err(wrong(&format!(
                "was signed in for a time that is over; {login}"
            )));
        }
        let server = self
            .surroundings
            .variable("AWS_ENDPOINT_URL_SSO")
            .unwrap_or_else(|| format!("https://portal.sso.{region}.amazonaws.com"));
        let mut url = token_server("the SSO portal", &server)?;
        url.set_path("/federation/credentials");
        url.query_pairs_mut()
            .append_pair("role_name", &part(profile, "sso_role_name")?)
            .append_pair("account_id", &part(profile, "sso_account_id")?);
        let mut request = Request::default();
        let mut value = HeaderValue::try_from(token).expect("it was checked to be printable");
        value.set_sensitive(true);
        request.headers.insert(PORTAL_TOKEN, value);
        let answer = self.client.send(&url, request).await?;
        let place = endpoint(url.as_str());
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status != 200 {
            let text = json["message"].as_str().unwrap_or_default();
            return Err(wrong(&format!(
                "gets no access key: {place} {}{}; {login}",
                answer.describe(),
                said(text, &[token])
            )));
        }
        let names = [
            "accessKeyId",
            "secretAccessKey",
            "sessionToken",
            "expiration",
        ];
        from_json(&json["roleCredentials"], names, now)
            .map_err(|error| wrong(&format!("gets no access key: {place} {error}")))
    }
}

fn session(profile: &Section) -> &str {
    profile
        .get("role_session_name")
        .map_or(SESSION, String::as_str)
}

/// The name under which the AWS CLI keeps a login.
fn sha1(text: &str) -> String {
    Sha1::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |mut name, byte| {
            // Writing to a String cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        })
}

impl Profiles {
    /// Adds the sections of a file; in the config file profiles are called `profile NAME`.
    fn add(&mut self, text: &str, is_config: bool) {
        let mut section: Option<&mut Section> = None;
        for line in text.lines() {
            let is_indented = line.starts_with([' ', '\t']);
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let name = rest.split(']').next().unwrap_or_default().trim();
                let (kind, rest) = name.split_once(char::is_whitespace).unwrap_or((name, ""));
                let rest = rest.trim();
                section = match (is_config, kind, rest) {
                    (true, "profile", name) if !name.is_empty() => {
                        Some(self.profiles.entry(name.to_owned()).or_default())
                    }
                    (true, "sso-session", name) if !name.is_empty() => {
                        Some(self.sessions.entry(name.to_owned()).or_default())
                    }
                    (true, "default", "") => {
                        Some(self.profiles.entry("default".to_owned()).or_default())
                    }
                    (true, ..) => None,
                    (false, ..) => Some(self.profiles.entry(name.to_owned()).or_default()),
                };
                continue;
            }
            // Indented lines belong to the setting above them (`s3 =`), of which none is read here.
            if let (Some(section), false, Some((key, value))) =
                (section.as_deref_mut(), is_indented, line.split_once('='))
            {
                let value = value.trim();
                let end = [" #", " ;", "\t#", "\t;"]
                    .into_iter()
                    .filter_map(|mark| value.find(mark))
                    .min()
                    .unwrap_or(value.len());
                let value = value[..end].trim();
                if !value.is_empty() {
                    section.insert(key.trim().to_ascii_lowercase(), value.to_owned());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let mut profiles = Profiles::default();
        profiles.add(
            "# comment\n[default]\nregion = eu-central-1 ; here\nS3 =\n  max = 5\n[profile  dev ]\nrole_arn=arn:aws:iam::1:role/x\nsource_profile = default\n[dev2]\nrole_arn = not a profile\n[sso-session corp]\nsso_region = r\n",
            true,
        );
        profiles.add(
            "[default]\naws_access_key_id = AKID\naws_secret_access_key = a/b+c=#d\nregion = us-east-1\n[dev2]\naws_access_key_id=\n",
            false,
        );
        let default = &profiles.profiles["default"];
        assert_eq!(default["region"], "us-east-1");
        assert_eq!(default["aws_secret_access_key"], "a/b+c=#d");
        assert!(!default.contains_key("max") && !default.contains_key("s3"));
        assert_eq!(profiles.profiles["dev"]["source_profile"], "default");
        assert!(profiles.profiles["dev2"].is_empty());
        assert_eq!(profiles.sessions["corp"]["sso_region"], "r");
    }

    /// What `sha1sum` says.
    #[test]
    fn names_of_logins() {
        assert_eq!(sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}
