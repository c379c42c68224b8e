//! Triggers that ask monitoring services.

pub(super) mod datadog;
pub(super) mod dynatrace;
pub(super) mod huawei_cloudeye;
pub(super) mod new_relic;
pub(super) mod predictkube;
pub(super) mod solarwinds;
pub(super) mod splunk;
pub(super) mod splunk_observability;
pub(super) mod sumologic;
