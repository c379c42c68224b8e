//! Flags, environment and configuration file become one set of settings: flags win over the environment, the environment over
//! the file, the file over the defaults. (clap reads the environment: a flag that comes from it looks like one that was typed.)

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::api::KedaVersion;
use crate::cli::{ClusterArgs, ColorChoice, Level, LevelArgs, LogFormat, TalkArgs};
use crate::cluster::kubeconfig::ClusterOptions;
use crate::diagnostic::Severity;
use crate::error::{Error, ErrorKind};
use crate::report::duration;
use crate::rules::levels::Levels;

/// Longest wait for one request to the cluster when nothing says otherwise.
const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The configuration file: `config.yaml` in `keda-jobs` of the user's configuration folder, or the file of `KEDA_JOBS_CONFIG`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct ConfigFile {
    color: Option<ColorChoice>,
    log_format: Option<LogFormat>,
    context: Option<String>,
    namespace: Option<String>,
    request_timeout: Option<String>,
    cluster_object_namespace: Option<String>,
    service_proxy: Option<String>,
    validate: ValidateSection,
}

/// `validate` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct ValidateSection {
    fail_on: Option<Level>,
    select: Vec<String>,
    ignore: Vec<String>,
    keda_version: Option<String>,
    severity: BTreeMap<String, Level>,
}

/// How to talk.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    /// stdout is coloured.
    pub color_stdout: bool,
    /// stderr is coloured.
    pub color_stderr: bool,
    /// `-q` count.
    pub quiet: u8,
    /// `-v` count.
    pub verbose: u8,
    /// Form of the log.
    pub log_format: LogFormat,
}

/// What is true of this run beside its command's own flags.
#[derive(Debug)]
pub struct Settings {
    /// How to talk.
    pub talk: Talk,
    file: ConfigFile,
}

impl Settings {
    /// Puts the parts together.
    pub fn resolve(talk: &TalkArgs) -> Result<Self, Error> {
        let file = read_config()?;
        let color = talk.color.or(file.color).unwrap_or(ColorChoice::Auto);
        let talk = Talk {
            color_stdout: wants_color(color, std::io::stdout().is_terminal()),
            color_stderr: wants_color(color, std::io::stderr().is_terminal()),
            quiet: talk.quiet,
            verbose: talk.verbose,
            log_format: talk
                .log_format
                .or(file.log_format)
                .unwrap_or(LogFormat::Text),
        };
        Ok(Self { talk, file })
    }

    /// The cluster that a command means.
    pub fn cluster(&self, args: &ClusterArgs) -> Result<ClusterOptions, Error> {
        let from_file = match &self.file.request_timeout {
            Some(text) => Some(duration::parse(text).map_err(|error| {
                Error::new(
                    ErrorKind::Usage,
                    format!("requestTimeout of the configuration file: {error}"),
                )
            })?),
            None => None,
        };
        let cluster = args.cluster.clone();
        let args = &args.connection;
        if args.in_cluster && cluster.is_some() {
            return Err(Error::new(
                ErrorKind::Usage,
                "--in-cluster uses no kubeconfig, so that --cluster cannot name an entry of one",
            ));
        }
        // A kubeconfig or account that was named brings its own contexts: the file's would be another cluster's.
        let own_context = args.kubeconfig.is_some() || args.in_cluster;
        let context_of_file = if own_context {
            None
        } else {
            self.file.context.clone()
        };
        Ok(ClusterOptions {
            kubeconfig: args.kubeconfig.clone(),
            context: args.context.clone().or(context_of_file),
            namespace: args
                .namespace
                .clone()
                .or_else(|| self.file.namespace.clone()),
            cluster,
            user: args.user.clone(),
            as_user: args.as_user.clone(),
            as_group: args.as_group.clone(),
            in_cluster: args.in_cluster,
            request_timeout: args
                .request_timeout
                .or(from_file)
                .unwrap_or(DEFAULT_REQUEST_TIMEOUT),
        })
    }

    /// Which findings of `validate` count. Each list of the command line replaces the file's.
    pub fn levels(&self, args: &LevelArgs) -> Result<Levels, Error> {
        let file = &self.file.validate;
        let in_file = |problem: String| {
            Error::new(
                ErrorKind::Usage,
                format!("validate of the configuration file: {problem}"),
            )
        };
        let list = |typed: &[String], of_file: &[String]| {
            if typed.is_empty() { of_file } else { typed }.to_vec()
        };
        let of_file = Levels {
            fail_on: file.fail_on.map_or(Severity::Error, Severity::from),
            select: file.select.clone(),
            ignore: file.ignore.clone(),
            severity: file
                .severity
                .iter()
                .map(|(rule, level)| (rule.clone(), Severity::from(*level)))
                .collect(),
        };
        of_file.check().map_err(in_file)?;
        let levels = Levels {
            fail_on: args.fail_on.map_or(of_file.fail_on, Severity::from),
            select: list(&args.select, &of_file.select),
            ignore: list(&args.ignore, &of_file.ignore),
            severity: of_file.severity,
        };
        levels.check().map_err(|problem| {
            Error::new(ErrorKind::Usage, problem).hint("keda-jobs explain lists all rules")
        })?;
        Ok(levels)
    }

    /// The version of KEDA that manifests are for; none when nobody names one, which means the supported ones.
    pub fn keda_version(&self, flag: Option<KedaVersion>) -> Result<Option<KedaVersion>, Error> {
        if flag.is_some() {
            return Ok(flag);
        }
        match &self.file.validate.keda_version {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|problem: String| {
                Error::new(
                    ErrorKind::Usage,
                    format!("validate.kedaVersion of the configuration file: {problem}"),
                )
            }),
        }
    }

    /// Namespace where ClusterTriggerAuthentications find their Secrets; KEDA's usual one when nothing says otherwise.
    pub fn cluster_object_namespace(&self, flag: Option<&str>) -> String {
        flag.or(self.file.cluster_object_namespace.as_deref())
            .unwrap_or("keda")
            .to_owned()
    }

    /// Proxy for hosts of Services.
    pub fn service_proxy(&self, flag: Option<&str>) -> Option<String> {
        flag.or(self.file.service_proxy.as_deref())
            .map(str::to_owned)
    }
}

/// `user@host`, for others to see who holds a lease.
pub fn user_and_host() -> String {
    let user = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    format!("{}@{}", user.unwrap_or_else(account), host())
}

/// The account that we run as, where the environment does not name it, as in many containers: the name that it has on this machine,
/// or its number.
#[cfg(unix)]
fn account() -> String {
    let uid = rustix::process::getuid().as_raw();
    let accounts = std::fs::read("/etc/passwd").unwrap_or_default();
    name_of(uid, &String::from_utf8_lossy(&accounts)).map_or_else(|| uid.to_string(), str::to_owned)
}

#[cfg(not(unix))]
fn account() -> String {
    "unknown".to_owned()
}

/// The first account of that number in the text of `/etc/passwd`: `name:password:uid:…`.
#[cfg(unix)]
fn name_of(uid: u32, accounts: &str) -> Option<&str> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == uid).then_some(name)
    })
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "unknown".to_owned())
}

fn read_config() -> Result<ConfigFile, Error> {
    let named = std::env::var_os("KEDA_JOBS_CONFIG")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let must_exist = named.is_some();
    let Some(path) = named
        .or_else(|| dirs::config_dir().map(|folder| folder.join("keda-jobs").join("config.yaml")))
    else {
        return Ok(ConfigFile::default());
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => {
            return Ok(ConfigFile::default());
        }
        Err(error) => {
            return Err(Error::new(
                ErrorKind::File,
                format!("cannot read the configuration file {}", path.display()),
            )
            .because(error));
        }
    };
    if text.trim().is_empty() {
        return Ok(ConfigFile::default());
    }
    serde_yaml::from_str(&text).map_err(|error| {
        Error::new(
            ErrorKind::Usage,
            format!("the configuration file {} is wrong", path.display()),
        )
        .because(error)
    })
}

/// A flag beats the environment; NO_COLOR beats CLICOLOR_FORCE; a stream that is no terminal has no colour unless it is forced.
fn wants_color(choice: ColorChoice, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set("NO_COLOR") => false,
        ColorChoice::Auto
            if std::env::var_os("CLICOLOR_FORCE")
                .is_some_and(|value| value != "0" && !value.is_empty()) =>
        {
            true
        }
        ColorChoice::Auto => terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::name_of;

    #[test]
    fn accounts_have_names() {
        let accounts = "# local\nroot:x:0:0:root:/root:/bin/sh\n+::::::\nci:x:1000:1000::/home/ci:/bin/sh\ntoor:x:0:0::/:/bin/sh\n:x:7:7::/:\n";
        assert_eq!(name_of(0, accounts), Some("root"));
        assert_eq!(name_of(1000, accounts), Some("ci"));
        for uid in [7, 1_000_720_000] {
            assert_eq!(name_of(uid, accounts), None);
        }
        assert_eq!(name_of(0, ""), None);
    }
}
