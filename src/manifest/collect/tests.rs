use std::path::PathBuf;

use super::{Collected, MAX_FILE_BYTES, ReadError, Stdin, collect};

fn read(paths: &[PathBuf], mut stdin: &[u8]) -> Result<Collected, ReadError> {
    let mut stdin = Stdin {
        reader: &mut stdin,
        is_terminal: false,
    };
    collect(paths, &mut stdin)
}

fn names(collected: &Collected, folder: &std::path::Path) -> Vec<String> {
    collected
        .sources
        .iter()
        .map(|source| source.name().replace(&format!("{}/", folder.display()), ""))
        .collect()
}

#[test]
fn folders_are_read_in_order_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for sub in ["b", ".hidden", "b/deeper"] {
        std::fs::create_dir(at(sub)).unwrap();
    }
    for name in [
        "c.yml",
        "a.yaml",
        "b/1.json",
        "b/deeper/2.YAML",
        "b/README.md",
        ".hidden/x.yaml",
        ".dot.yaml",
        "notes.txt",
    ] {
        std::fs::write(at(name), "a: 1\n").unwrap();
    }
    std::os::unix::fs::symlink(folder.path(), at("b/loop")).unwrap();
    std::os::unix::fs::symlink(at("a.yaml"), at("z.yaml")).unwrap();
    let collected = read(&[at("c.yml"), folder.path().to_owned(), at("a.yaml")], b"").unwrap();
    assert_eq!(
        names(&collected, folder.path()),
        ["c.yml", "a.yaml", "b/1.json", "b/deeper/2.YAML"]
    );
    assert_eq!(collected.documents.len(), 4);
}

#[test]
fn stdin_is_read_once_and_never_from_a_terminal() {
    let dash = PathBuf::from("-");
    let collected = read(&[dash.clone(), dash.clone()], b"a: 1\n---\nb: 2\n").unwrap();
    assert_eq!(collected.sources.len(), 1);
    assert_eq!(collected.sources[0].name(), "<stdin>");
    assert_eq!(collected.documents.len(), 2);
    let mut nothing: &[u8] = b"";
    let mut terminal = Stdin {
        reader: &mut nothing,
        is_terminal: true,
    };
    let error = collect(&[dash], &mut terminal).unwrap_err();
    assert!(matches!(error, ReadError::StdinIsTerminal), "{error}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.yaml");
    let error = read(std::slice::from_ref(&missing), b"").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot read {}", missing.display())
    );
    let error = read(&[folder.path().to_owned()], b"").unwrap_err();
    assert!(matches!(error, ReadError::NoManifest { .. }), "{error}");
    assert!(matches!(read(&[], b"").unwrap_err(), ReadError::NoPath));
    std::os::unix::fs::symlink(&missing, folder.path().join("dangling.yaml")).unwrap();
    let error = read(&[folder.path().to_owned()], b"").unwrap_err();
    assert!(error.to_string().contains("dangling.yaml"), "{error}");
}

#[test]
fn encodings_are_those_of_yaml() {
    let json = |bytes: &[u8]| {
        let mut collected = Collected::default();
        collected.add("a.yaml", bytes.to_vec());
        let document = collected.documents.first();
        document.map(|document| document.root.to_json().to_string())
    };
    let wide = |text: &str| text.encode_utf16().collect::<Vec<_>>();
    let little: Vec<u8> = wide("\u{feff}a: é\n")
        .iter()
        .flat_map(|unit| unit.to_le_bytes())
        .collect();
    let big: Vec<u8> = wide("\u{feff}a: é\n")
        .iter()
        .flat_map(|unit| unit.to_be_bytes())
        .collect();
    for bytes in [
        "a: é\n".as_bytes(),
        "\u{feff}a: é\n".as_bytes(),
        &little,
        &big,
    ] {
        assert_eq!(json(bytes).as_deref(), Some(r#"{"a":"é"}"#), "{bytes:?}");
    }
    for bytes in [
        &b"a: \xff\n"[..],
        &little[..little.len() - 1],
        b"\xff\xfe\x00\xd8",
    ] {
        let mut collected = Collected::default();
        collected.add("a.yaml", bytes.to_vec());
        assert!(collected.documents.is_empty());
        assert_eq!(collected.diagnostics[0].rule.id, "syntax");
    }
}

#[test]
fn a_file_over_the_limit_is_named_and_not_read() {
    let mut endless = std::io::repeat(b'#');
    let mut stdin = Stdin {
        reader: &mut endless,
        is_terminal: false,
    };
    let collected = collect(&[PathBuf::from("-")], &mut stdin).unwrap();
    assert_eq!(collected.diagnostics[0].rule.id, "too-large");
    let mut largest = Collected::default();
    largest.add("a.yaml", vec![b'#'; MAX_FILE_BYTES]);
    assert!(largest.diagnostics.is_empty());
}

/// What a Secret holds is not shown, wherever in it the mistake is.
#[test]
fn findings_in_secrets_show_no_value() {
    for text in [
        "kind: Secret\ndata:\n  a: hunter\n  a: hunter\n",
        "kind: Secret\nstringData:\n  a: \"hunter\n",
        "{\"kind\": \"Secret\", \"data\": {\"a\": \"hunter\", \"a\": \"hunter\"}}",
        "kind: Secret\nstringData:\n  key: |\n    hunter\n  b: !!int hunter\n",
        "x: 1\n---\nkind: List\nitems:\n- kind: Secret\n  data:\n   a: hunter\n   a: hunter\n",
    ] {
        let mut collected = Collected::default();
        collected.add("a.yaml", text.as_bytes().to_vec());
        assert!(!collected.diagnostics.is_empty());
        let shown = crate::diagnostic::human::render(&collected.diagnostics, false, 100);
        assert!(!shown.contains("hunter"), "{shown}");
        let debug = format!("{collected:?}");
        assert!(!debug.contains("hunter"), "{debug}");
    }
}
