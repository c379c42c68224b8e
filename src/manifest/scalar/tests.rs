use super::{Scalar, plain, tagged};

/// Text, the JSON of `v: text` ("" where it fails), the key that `text: v` becomes; printed by `sigs.k8s.io/yaml` 1.6.0.
const TABLE: &[(&str, &str, Option<&str>)] = &[
    ("y", "true", Some("true")),
    ("Y", "true", Some("true")),
    ("yes", "true", Some("true")),
    ("Yes", "true", Some("true")),
    ("YES", "true", Some("true")),
    ("yEs", r#""yEs""#, Some("yEs")),
    ("n", "false", Some("false")),
    ("N", "false", Some("false")),
    ("no", "false", Some("false")),
    ("on", "true", Some("true")),
    ("On", "true", Some("true")),
    ("off", "false", Some("false")),
    ("OFF", "false", Some("false")),
    ("true", "true", Some("true")),
    ("True", "true", Some("true")),
    ("tRUE", r#""tRUE""#, Some("tRUE")),
    ("false", "false", Some("false")),
    ("~", "null", None),
    ("null", "null", None),
    ("Null", "null", None),
    ("nULL", r#""nULL""#, Some("nULL")),
    ("012", "10", Some("10")),
    ("0o14", "12", Some("12")),
    ("0O14", "12", Some("12")),
    ("08", "8", Some("8")),
    ("-012", "-10", Some("-10")),
    ("+12", "12", Some("12")),
    ("0x1F", "31", Some("31")),
    ("0X1f", "31", Some("31")),
    ("-0x10", "-16", Some("-16")),
    ("0b101", "5", Some("5")),
    ("-0b11", "-3", Some("-3")),
    ("0b102", r#""0b102""#, Some("0b102")),
    ("1_000", "1000", Some("1000")),
    ("1_", "1", Some("1")),
    ("_1", r#""_1""#, Some("_1")),
    ("1__0", "10", Some("10")),
    ("0x_1F", "31", Some("31")),
    ("1e3", "1000", Some("1000")),
    ("1E3", "1000", Some("1000")),
    ("1e-2", "0.01", Some("0.01")),
    ("5.0", "5", Some("5")),
    ("5.", "5", Some("5")),
    (".5", "0.5", Some("0.5")),
    (".5e1", "5", Some("5")),
    (".5e999", r#"".5e999""#, Some(".5e999")),
    ("1e400", r#""1e400""#, Some("1e400")),
    ("-.5", "-0.5", Some("-0.5")),
    ("+.5", "0.5", Some("0.5")),
    (".inf", "", Some(".inf")),
    ("-.Inf", "", Some("-.inf")),
    (".nan", "", Some(".nan")),
    (".", r#"".""#, Some(".")),
    ("+", r#""+""#, Some("+")),
    ("1:30", r#""1:30""#, Some("1:30")),
    ("190:20:30", r#""190:20:30""#, Some("190:20:30")),
    ("2001-01-01", r#""2001-01-01""#, Some("2001-01-01")),
    (
        "2001-01-01T10:00:00Z",
        r#""2001-01-01T10:00:00Z""#,
        Some("2001-01-01T10:00:00Z"),
    ),
    ("12345678901234567890", "12345678901234567890", None),
    (
        "123456789012345678901234",
        "1.2345678901234569e+23",
        Some("1.2345679e+23"),
    ),
    ("9223372036854775808", "9223372036854775808", None),
    (
        "-9223372036854775809",
        "-9223372036854776000",
        Some("-9.223372e+18"),
    ),
    ("1.5e300", "1.5e+300", Some(".inf")),
    ("123456789.123", "123456789.123", Some("1.2345679e+08")),
    ("1e20", "100000000000000000000", Some("1e+20")),
    ("1e21", "1e+21", Some("1e+21")),
    ("1e22", "1e+22", Some("1e+22")),
    ("0", "0", Some("0")),
    ("-0", "0", Some("0")),
    ("-0.0", "-0", Some("-0")),
    ("0.0", "0", Some("0")),
    ("00", "0", Some("0")),
    ("0x", r#""0x""#, Some("0x")),
    ("0o", r#""0o""#, Some("0o")),
    ("0b", r#""0b""#, Some("0b")),
    ("1e", r#""1e""#, Some("1e")),
    ("1.2.3", r#""1.2.3""#, Some("1.2.3")),
    ("=", r#""=""#, Some("=")),
    ("1e+3", "1000", Some("1000")),
    ("0.1", "0.1", Some("0.1")),
    (
        "100000000000000000000",
        "100000000000000000000",
        Some("1e+20"),
    ),
    ("3.4028235e38", "3.4028235e+38", Some("3.4028235e+38")),
    ("0.30000001", "0.30000001", Some("0.3")),
    ("1.0e6", "1000000", Some("1e+06")),
    ("1_0.5", "10.5", Some("10.5")),
    ("0b1_0", "2", Some("2")),
    (".5_0", "0.5", Some("0.5")),
    ("._5", r#""._5""#, Some("._5")),
    ("Infinity", r#""Infinity""#, Some("Infinity")),
    ("inf", r#""inf""#, Some("inf")),
    ("nan", r#""nan""#, Some("nan")),
];

#[test]
fn plain_scalars_are_what_kubectl_makes_of_them() {
    for (text, json, key) in TABLE {
        let value = plain(text).into_value();
        match value {
            None => assert_eq!("", *json, "{text}"),
            Some(value) => {
                let node = crate::manifest::Node {
                    span: crate::diagnostic::Span::default(),
                    value,
                };
                let expected: serde_json::Value = serde_json::from_str(json).unwrap();
                let got = node.to_json();
                let same_number = expected.as_f64().is_some() && expected.as_f64() == got.as_f64();
                assert!(
                    expected == got || same_number,
                    "{text}: {got} is not {expected}"
                );
            }
        }
        assert_eq!(plain(text).into_key().as_deref(), *key, "key {text}");
    }
}

#[test]
fn whole_floats_are_integers() {
    for text in ["1e3", "5.0", "5.", "08", "0.0"] {
        let value = plain(text).into_value().unwrap();
        let node = crate::manifest::Node {
            span: crate::diagnostic::Span::default(),
            value,
        };
        assert!(node.as_i64().is_some(), "{text}");
    }
}

#[test]
fn tags_convert_or_refuse() {
    let text = |text: &str| Scalar::Text(text.to_owned());
    assert_eq!(tagged("str", "12"), Ok(text("12")));
    assert_eq!(tagged("int", "0x10"), Ok(Scalar::Integer(16)));
    assert_eq!(tagged("float", "3"), Ok(Scalar::Float(3.0)));
    assert_eq!(tagged("bool", "no"), Ok(Scalar::Bool(false)));
    assert_eq!(tagged("null", ""), Ok(Scalar::Null));
    assert_eq!(tagged("binary", "aGVs\n bG8="), Ok(text("hello")));
    assert_eq!(tagged("timestamp", "2001-01-01"), Ok(text("2001-01-01")));
    assert_eq!(tagged("my-own", "12"), Ok(text("12")));
    for (tag, text) in [
        ("int", "abc"),
        ("int", "1.5"),
        ("bool", "1"),
        ("null", "x"),
        ("binary", "%%"),
        ("timestamp", "abc"),
    ] {
        assert!(tagged(tag, text).is_err(), "{tag} {text}");
    }
}
