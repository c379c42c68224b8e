//! Nothing that a manifest holds makes building, checking or resolving panic.

use proptest::prelude::*;

use super::fake::{job, trigger};
use crate::api::{KedaVersion, Resources};
use crate::scalers::params::parse_duration;
use crate::scalers::{LocalKnowledge, TRIGGER_TYPES, check, endpoint};

/// Texts that look like values, and texts that do not.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[-+0-9.eEnumshµ*/?,=#()@:% ]{0,24}",
        "(amqp|http|https|redis)://[a-z:@%2F\\[\\]/.0-9-]{0,20}",
        Just("true".to_owned()),
        Just("5".to_owned()),
        Just("QueueLength".to_owned()),
        Just("UTC".to_owned()),
    ]
}

proptest! {
    #[test]
    fn any_metadata(kind in 0..TRIGGER_TYPES.len(), texts in proptest::collection::vec(text(), 40), env in any::<bool>()) {
        let kind = TRIGGER_TYPES[kind];
        let keys: Vec<String> = kind
            .parameters()
            .map(|spec| if env { format!("{}FromEnv", spec.name()) } else { spec.name().to_owned() })
            .collect();
        let metadata: Vec<(&str, &str)> = keys
            .iter()
            .map(String::as_str)
            .zip(texts.iter().map(String::as_str))
            .collect();
        let job = job(vec![trigger(0, kind.name, &metadata, false)]);
        let resources = Resources::default();
        check(&job.triggers[0], &job, &LocalKnowledge { resources: &resources, version: KedaVersion::NEWEST });
    }

    #[test]
    fn any_text(text in text()) {
        let _ = parse_duration(&text);
        let _ = endpoint(&text);
        check(
            &trigger(0, &text, &[(&text, &text)], false),
            &job(Vec::new()),
            &LocalKnowledge { resources: &Resources::default(), version: KedaVersion::NEWEST },
        );
    }

    /// A password in front of the host never shows.
    #[test]
    fn no_password(password in "[a-zA-Z0-9%._~!$&'()*+,;=-]{6,20}") {
        let shown = endpoint(&format!("http://user:{password}@host:80/path?token={password}"));
        prop_assert!(!shown.contains(&password), "{shown}");
        let shown = endpoint(&format!("user:{password}@host:80"));
        prop_assert!(!shown.contains(&password), "{shown}");
    }
}
