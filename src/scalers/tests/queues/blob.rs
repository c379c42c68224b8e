//! `azure-blob`.

use super::super::fake::{answer, one, serve};

/// A page of these names, and where the next one begins.
fn page(names: &[&str], next: &str) -> String {
    let blobs: Vec<String> = names
        .iter()
        .map(|name| {
            format!("<Blob><Name>{name}</Name><Properties><Etag>1</Etag></Properties></Blob>")
        })
        .collect();
    let body = format!(
        "<?xml version=\"1.0\"?><EnumerationResults><Blobs>{}<BlobPrefix><Name>in/</Name></BlobPrefix></Blobs><NextMarker>{next}</NextMarker></EnumerationResults>",
        blobs.concat()
    );
    answer(200, &body)
}

async fn ask(
    answers: Vec<String>,
    more: &[(&str, &str)],
) -> (Result<(f64, bool), String>, Vec<String>) {
    let (address, seen) = serve(answers).await;
    let connection = format!(
        "BlobEndpoint=http://{address}/acct;AccountName=acct;AccountKey=aHVudGVyMi1odW50ZXIy"
    );
    let metadata = [
        &[("blobContainerName", "work"), ("connection", &connection)],
        more,
    ]
    .concat();
    let result = one("azure-blob", &metadata, None).await;
    let seen = seen.lock().unwrap().clone();
    (result, seen)
}

#[tokio::test]
async fn every_page_is_counted() {
    let pages = || {
        vec![
            page(&["a.csv", "b&amp;.txt"], "2 &amp;+"),
            page(&["c.csv"], ""),
        ]
    };
    let (result, seen) = ask(pages(), &[("blobPrefix", "x y")]).await;
    assert_eq!(result, Ok((3.0, true)));
    let list =
        "GET /acct/work?restype=container&comp=list&maxresults=2000&prefix=x%20y%2F&delimiter=%2F";
    assert!(seen[0].starts_with(&format!("{list} HTTP")), "{}", seen[0]);
    let next = format!("{list}&marker=2%20%26%2B HTTP");
    assert!(seen[1].starts_with(&next), "{}", seen[1]);
    let (result, seen) = ask(pages(), &[("globPattern", "[bc]{&,.csv}*")]).await;
    assert_eq!(result, Ok((2.0, true)));
    let list = "GET /acct/work?restype=container&comp=list&maxresults=2000 HTTP";
    assert!(seen[0].starts_with(list), "{}", seen[0]);
    let (result, _) = ask(pages(), &[("activationBlobCount", "3")]).await;
    assert_eq!(result, Ok((3.0, false)));
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_an_error() {
    let broken = page(&["a"], "").replace("</Blobs>", "<!-- -->");
    for (answers, wanted) in [
        (vec![page(&["a"], "2"), answer(500, "")], "answered 500"),
        (
            vec![page(&["a"], "2"), page(&["b"], "2")],
            "the same page again and again",
        ),
        (
            vec![broken],
            "something else than the XML of EnumerationResults",
        ),
        (vec![answer(200, "")], "something else than the XML"),
        (vec![answer(403, "")], "answered 403 Forbidden"),
    ] {
        let (result, _) = ask(answers, &[]).await;
        let error = result.unwrap_err();
        assert!(error.contains("/acct/work"), "{error}");
        assert!(error.contains(wanted), "{wanted}\n{error}");
    }
    for (more, wanted) in [
        (("globPattern", "[a"), "globPattern has a ["),
        (("blobContainerName", "a/b"), "blobContainerName must be"),
        (("cloud", "Mars"), "parameter cloud must be"),
    ] {
        let mut metadata = vec![
            ("blobContainerName", "work"),
            ("connection", "AccountName=a;AccountKey=aGk="),
        ];
        metadata.retain(|(name, _)| *name != more.0);
        metadata.push(more);
        let error = one("azure-blob", &metadata, None).await.unwrap_err();
        assert!(
            error.starts_with("not built: ") && error.contains(wanted),
            "{error}"
        );
    }
}
