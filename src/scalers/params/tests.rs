use std::time::Duration;

use super::*;

static PARAMETERS: &[ParameterSpec] = &[
    ParameterSpec::new(&["text"], Kind::String, "x").required(),
    ParameterSpec::new(&["count", "number"], Kind::Integer, "x")
        .from(&[Source::Metadata, Source::Env])
        .default("5"),
    ParameterSpec::new(&["ratio"], Kind::Float, "x"),
    ParameterSpec::new(&["flag"], Kind::Bool, "x"),
    ParameterSpec::new(&["wait"], Kind::Duration, "x"),
    ParameterSpec::new(&["hosts"], Kind::List, "x").from(&[
        Source::Auth,
        Source::Env,
        Source::Metadata,
    ]),
    ParameterSpec::new(&["labels"], Kind::Map, "x"),
    ParameterSpec::new(&["mode"], Kind::String, "x")
        .allowed(&["a", "b", "c"])
        .exclusive(&["a", "b"]),
    ParameterSpec::new(&["old"], Kind::String, "x").removed("use text"),
];

fn read(
    metadata: &[(&str, &str)],
    env: &[(&str, &str)],
    auth: &[(&str, &str)],
) -> Result<Resolved, Vec<String>> {
    resolve(
        PARAMETERS,
        &Sources {
            metadata: &metadata
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            env: &Environment::from_values(env.iter().copied()),
            auth: &auth
                .iter()
                .map(|(k, v)| ((*k).to_owned(), Secret::new((*v).to_owned())))
                .collect(),
        },
    )
}

#[test]
fn values_of_every_kind() {
    let resolved = read(
        &[
            ("text", " t "),
            ("ratio", "-1.5e2"),
            ("flag", "T"),
            ("wait", "1m30s"),
            ("hosts", "a, b,,c"),
            ("labels", "a=1, b = 2"),
            ("mode", "a, c"),
        ],
        &[],
        &[],
    )
    .unwrap();
    assert_eq!(resolved.text("text"), "t");
    assert_eq!(resolved.integer("count"), Some(5));
    assert_eq!(resolved.float("ratio"), Some(-150.0));
    assert!(resolved.boolean("flag"));
    assert_eq!(resolved.duration("wait"), Some(Duration::from_secs(90)));
    assert_eq!(resolved.list("hosts"), ["a", "b", "", "c"]);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(resolved.pairs("labels"), [pair("a", "1"), pair("b", "2")]);
    assert!(!resolved.has("old"));
    assert!(!format!("{resolved:?}").contains("150"));
}

#[test]
fn sources_before_names_and_empty_falls_through() {
    // Both names of a source come before the next source.
    let resolved = read(
        &[("text", "t"), ("number", "2"), ("countFromEnv", "N")],
        &[("N", "3")],
        &[],
    );
    assert_eq!(resolved.unwrap().integer("count"), Some(2));
    let resolved = read(
        &[("text", "t"), ("count", "  "), ("numberFromEnv", "N")],
        &[("N", " 3\n")],
        &[],
    );
    assert_eq!(resolved.unwrap().integer("count"), Some(3));
    let resolved = read(&[("text", "t"), ("countFromEnv", "N")], &[("N", "")], &[]);
    assert_eq!(resolved.unwrap().integer("count"), Some(5));
    let resolved = read(
        &[("text", "t"), ("hosts", "meta"), ("hostsFromEnv", "H")],
        &[("H", "env")],
        &[("hosts", "\n")],
    );
    assert_eq!(resolved.unwrap().list("hosts"), ["env"]);
    // Auth and env count only where the order has them.
    let errors = read(&[("textFromEnv", "T")], &[("T", "t")], &[("text", "t")]).unwrap_err();
    assert_eq!(
        errors,
        ["parameter text is missing; set it in metadata text"]
    );
}

#[test]
fn all_errors_at_once_and_no_secret_in_any() {
    let errors = read(
        &[
            ("countFromEnv", "N"),
            ("ratio", ".5"),
            ("flag", "yes"),
            ("wait", "-5s"),
            ("labels", "a=b=hunter2"),
            ("mode", "a,b"),
            ("old", "x"),
        ],
        &[("N", "hunter2")],
        &[],
    )
    .unwrap_err();
    let text = errors.join("\n");
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(
        errors,
        [
            "parameter text is missing; set it in metadata text",
            "parameter count must be a whole number, written as in JSON (5, not 05, +5 or 5m)",
            "parameter ratio is \".5\" and must be a number, written as in JSON (0.5, not .5, +5 or 5m)",
            "parameter flag is \"yes\" and must be true or false",
            "parameter wait is \"-5s\" and must not be negative",
            "parameter labels must be key=value pairs between commas, each with exactly one =",
            "parameter mode is \"a,b\" and must hold only one of a, b",
            "parameter old is no longer read: use text",
        ]
    );
}

#[test]
fn a_variable_that_the_container_lacks_is_an_error() {
    let errors = read(&[("text", "t"), ("countFromEnv", "N")], &[], &[]).unwrap_err();
    assert_eq!(
        errors,
        [
            "parameter count: countFromEnv names the variable \"N\", which the container does not have"
        ]
    );
}

#[test]
fn numbers_are_json_numbers() {
    let integer = |text: &str| ParameterSpec::new(&["x"], Kind::Integer, "x").parse(text);
    let float = |text: &str| ParameterSpec::new(&["x"], Kind::Float, "x").parse(text);
    for text in ["0", "-1", "9223372036854775807"] {
        assert!(integer(text).is_ok(), "{text}");
    }
    for text in [
        "05",
        "+5",
        "1_0",
        ".5",
        "5.",
        "5.0",
        "1e3",
        "NaN",
        "null",
        "0x1",
        "9223372036854775808",
        "-",
        "5 5",
        "٣",
    ] {
        assert!(integer(text).is_err(), "{text}");
    }
    for text in ["0.5", "1e3", "-0.1E-2", "0"] {
        assert!(float(text).is_ok(), "{text}");
    }
    for text in [
        "NaN", "Inf", "1e", "1.", ".1", "00.1", "1e999", "null", "1,5",
    ] {
        assert!(float(text).is_err(), "{text}");
    }
}

#[test]
fn durations_are_those_of_go() {
    for (text, nanoseconds) in [
        ("0", 0),
        ("1500", 1_500_000_000),
        ("1h1m1s1ms1us1ns", 3_661_001_001_001),
        ("1.5s", 1_500_000_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("2µs", 2_000),
        ("+3ms", 3_000_000),
        ("0.0000000001s", 0),
        ("-0", 0),
    ] {
        assert_eq!(
            parse_duration(text),
            Ok(Duration::from_nanos(nanoseconds)),
            "{text}"
        );
    }
    for text in [
        "",
        "-1s",
        "-5",
        "1d",
        "s",
        ".s",
        "1s5",
        "1.1.1s",
        "99999999999h",
        "1 s",
    ] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}
