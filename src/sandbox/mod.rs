//! The embedded cluster: an HTTP Kubernetes API with a Job controller on a loopback port, for `--sandbox` and for the tests.
