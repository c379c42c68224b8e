//! Bytes are read as a manifest and all findings rendered in every form.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    keda_jobs::commands::load::probe(bytes.to_vec());
});
