use std::fmt::Write as _;
use std::sync::Arc;

use super::{MAX_DEPTH, MAX_SYNTAX_ERRORS, load};
use crate::diagnostic::{Diagnostic, SourceFile, catalog};
use crate::manifest::{Document, Node, Value};

fn read(text: &str) -> (Vec<Arc<Document>>, Vec<Diagnostic>) {
    load(&SourceFile::new("a.yaml", text))
}

/// The documents as JSON and the ids of the findings' rules.
fn outcome(text: &str) -> (Vec<String>, Vec<&'static str>) {
    let (documents, diagnostics) = read(text);
    let documents = documents
        .iter()
        .map(|document| document.root.to_json().to_string())
        .collect();
    let rules = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.rule.id)
        .collect();
    (documents, rules)
}

fn json(text: &str) -> String {
    let (documents, rules) = outcome(text);
    assert_eq!(rules, Vec::<&str>::new(), "{text}");
    documents.join(" ")
}

#[test]
fn scalars_follow_their_style_and_tag() {
    assert_eq!(
        json("[yes, 'yes', \"012\", 012, !!str 012, !local 012, ! 012, ~]"),
        "[true,\"yes\",\"012\",10,\"012\",\"012\",\"012\",null]"
    );
    assert_eq!(
        json("a: |\n  yes\nb: >-\n  1\n  2\nc:\nd: !!str\n"),
        r#"{"a":"yes\n","b":"1 2","c":null,"d":""}"#
    );
    assert_eq!(json("!!binary aGk=: !!int \"7\""), r#"{"hi":7}"#);
}

#[test]
fn keys_become_text() {
    assert_eq!(
        json("1: a\nyes: b\n0x10: c\n1.50: d\n'on': e\nx: f"),
        r#"{"1":"a","true":"b","16":"c","1.5":"d","on":"e","x":"f"}"#
    );
    assert_eq!(json("a: &k name\n*k : v"), r#"{"a":"name","name":"v"}"#);
    assert_eq!(
        outcome("~: a\n[b]: c\n12345678901234567890: d\ne: f"),
        (
            vec![r#"{"e":"f"}"#.to_owned()],
            vec!["syntax", "syntax", "syntax"]
        )
    );
}

/// Expected values printed by `sigs.k8s.io/yaml` 1.6.0: it merges in the order of the text.
#[test]
fn merge_keys_are_merged_as_kubectl_merges_them() {
    let text = "a: &a {x: 1, z: 2}\nb:\n  z: 3\n  <<: *a\nc:\n  <<: *a\n  z: 3\nd:\n  <<: [*a, {x: 9, w: 1}]\n";
    assert_eq!(
        json(text),
        r#"{"a":{"x":1,"z":2},"b":{"z":2,"x":1},"c":{"x":1,"z":3},"d":{"x":1,"w":1,"z":2}}"#
    );
    assert_eq!(outcome("{<<: 1, a: 2}").1, ["syntax"]);
    assert_eq!(json("{a: <<, \"<<\": 1}"), r#"{"a":"<<","<<":1}"#);
}

#[test]
fn a_key_twice_is_found_at_both_places() {
    let (documents, diagnostics) = read("a: 1\nb: 2\n\"a\": 3\n");
    assert_eq!(documents[0].root.to_json().to_string(), r#"{"a":1,"b":2}"#);
    let [diagnostic] = diagnostics.as_slice() else {
        panic!("{diagnostics:?}");
    };
    assert_eq!(diagnostic.rule, &catalog::DUPLICATE_KEY);
    assert_eq!(diagnostic.primary.span.start, 10);
    assert_eq!(diagnostic.related[0].span.start, 0);
    // The same key by another spelling.
    assert_eq!(outcome("{1: a, 0x1: b, '1': c}").1, ["duplicate-key"; 2]);
}

/// Every span gives the text that the value was written in, whatever stands before it.
#[test]
fn spans_are_those_of_the_text() {
    let text =
        "größe: 漢字\nlist:\n  - é: [1, \"😀\"]\n  - x\nblock: |\n  a\n  b\n\nlast: {a: b}\n";
    let (documents, _) = read(text);
    let document = &documents[0];
    let slice = |node: &Node| document.source.slice(node.span);
    let root = &document.root;
    assert_eq!(slice(root), text.trim_end());
    assert_eq!(slice(root.get("größe").unwrap()), "漢字");
    let key = root.entry("größe").unwrap().key_span;
    assert_eq!(document.source.slice(key), "größe");
    let list = root.get("list").unwrap();
    assert_eq!(slice(list), "- é: [1, \"😀\"]\n  - x");
    assert_eq!(slice(&list.items()[0]), "é: [1, \"😀\"]");
    assert_eq!(slice(list.items()[0].get("é").unwrap()), "[1, \"😀\"]");
    assert_eq!(slice(root.get("block").unwrap()), "a\n  b");
    assert_eq!(slice(root.get("last").unwrap()), "{a: b}");
    let position = document
        .source
        .position(list.items()[0].get("é").unwrap().items()[1].span.start);
    assert_eq!((position.line, position.column), (3, 12));
}

#[test]
fn documents_after_a_broken_one_are_read() {
    let (documents, rules) =
        outcome("a: [1\n---\nb: 1\n---\nc: 'x\n---\n---\nd: e: f\n---\ng: 2\n");
    assert_eq!(documents, [r#"{"b":1}"#, r#"{"g":2}"#]);
    assert_eq!(rules, ["syntax"; 3]);
    let (documents, _) = read("a: 1\n---\n: [\n---\nb: 2\n");
    assert_eq!(
        documents
            .iter()
            .map(|document| document.index)
            .collect::<Vec<_>>(),
        [0, 2]
    );
}

#[test]
fn syntax_errors_are_listed_up_to_a_number() {
    let (_, diagnostics) = read(&"@\n---\n".repeat(1000));
    assert_eq!(diagnostics.len(), MAX_SYNTAX_ERRORS);
}

#[test]
fn syntax_errors_stand_at_their_place_with_help() {
    let place = |text: &str| {
        let (_, diagnostics) = read(text);
        let first = &diagnostics[0];
        let position = first.primary.source.position(first.primary.span.start);
        (position.line, position.column, first.help.concat())
    };
    assert_eq!(place("a: 1\nb: [2\n").0, 2);
    assert!(place("a:\n\tb: 1\n").2.contains("spaces"));
    assert!(place("a: {{ .Values.b }}\n").2.contains("helm template"));
    assert!(
        place("{{- if a }}\nb: 1\n{{- end }}\n")
            .2
            .contains("helm template")
    );
    assert_eq!(outcome("a: \"\u{7}\"").1, ["syntax"]);
    assert_eq!(outcome("a: \"\u{9f}\"").1, ["syntax"]);
}

#[test]
fn json_is_read_with_tabs_and_escapes() {
    assert_eq!(
        json("{\n\t\"a\": [\n\t\t1,\n\t\t\"\\/\\ud83d\\ude00\\u00e9\"],\r\n\t\"b\": {}\n}"),
        "{\"a\":[1,\"/😀é\"],\"b\":{}}"
    );
    assert_eq!(
        json("{\"a\":1,\"b\":[true,null,-1.5e3]}"),
        r#"{"a":1,"b":[true,null,-1500]}"#
    );
}

#[test]
fn deep_and_self_containing_documents_are_refused() {
    let at_limit = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert_eq!(outcome(&at_limit).1, Vec::<&str>::new());
    for text in [
        format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1)),
        format!("{}{}", "[".repeat(9000), "]".repeat(9000)),
        "- ".repeat(MAX_DEPTH + 1),
    ] {
        let (documents, rules) = outcome(&format!("{text}\n---\na: 1\n"));
        assert_eq!(documents, [r#"{"a":1}"#]);
        assert_eq!(rules, ["too-large"]);
    }
    assert_eq!(outcome("a: &a [*a]\n---\nb: 1\n").1, ["syntax"]);
    // Aliases cannot stack what the text does not nest.
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..=MAX_DEPTH {
        writeln!(text, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert_eq!(outcome(&text).1, ["too-large"]);
}

#[test]
fn alias_bombs_are_refused() {
    let mut nodes = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(nodes, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    assert_eq!(outcome(&nodes).1, ["too-large"]);
    let text = format!(
        "a: &a \"{}\"\nb: [{}]\n",
        "x".repeat(1 << 20),
        vec!["*a"; 100].join(",")
    );
    assert_eq!(outcome(&text).1, ["too-large"]);
    // Anchors inside anchors cost a copy each.
    let mut anchors = String::new();
    for level in 0..MAX_DEPTH - 1 {
        write!(anchors, "&a{level} [").unwrap();
    }
    let wide = vec!["x"; 20_000].join(",");
    let text = format!("{anchors}{wide}{}", "]".repeat(MAX_DEPTH - 1));
    assert_eq!(outcome(&text).1, ["too-large"]);
}

#[test]
fn many_values_are_refused_with_the_rest_of_the_file() {
    let text = format!("[{}]\n---\na: 1\n", "1,".repeat(super::MAX_NODES + 1));
    let (documents, rules) = outcome(&text);
    assert!(documents.is_empty());
    assert_eq!(rules, ["too-large"]);
}

#[test]
fn a_flood_of_mistakes_ends_the_file() {
    let (documents, diagnostics) = read(&"a: 1\n".repeat(50_000));
    assert!(documents.is_empty());
    assert_eq!(diagnostics.len(), super::MAX_FINDINGS + 1);
    assert_eq!(diagnostics[super::MAX_FINDINGS].rule, &catalog::TOO_LARGE);
}

#[test]
fn empty_documents_are_left_out() {
    assert_eq!(
        json("---\n# nothing\n---\n...\n---\na: 1\n---\n~\n"),
        r#"{"a":1}"#
    );
    let (documents, _) = read("--- a\n");
    assert_eq!(documents[0].root.value, Value::String("a".to_owned()));
}

#[test]
fn a_line_that_is_indented_as_none_above_says_so() {
    let text = "spec:\n  template:\n    containers:\n    - name: a\n      env:\n      - name: B\n        value: c\n     restartPolicy: Never\n";
    let (_, found) = load(&SourceFile::new("a.yaml", text));
    let help: Vec<&str> = found[0].help.iter().map(String::as_str).collect();
    assert_eq!(
        help,
        [
            "it is indented by 5 spaces; a line here belongs to one above with 4, as line 4, or with 6, as line 6"
        ],
        "{found:?}"
    );
    let (_, found) = load(&SourceFile::new("a.yaml", "a: b\n   c: d\n"));
    assert_eq!(
        found[0].help,
        ["it is indented by 3 spaces; a line here belongs to one above with 0, as line 1"],
        "{found:?}"
    );
    // Another fault than that of the column.
    let (_, found) = load(&SourceFile::new("a.yaml", "a: \"b\n  c\n"));
    assert!(found[0].help.is_empty(), "{found:?}");
    let (_, found) = load(&SourceFile::new("a.yaml", "a:\n  b: c\n  d: [e\nf: g\n"));
    assert!(found[0].help.is_empty(), "{found:?}");
}
