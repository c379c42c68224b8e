//! `openstack-swift`: objects of a Swift container. [KEDA `openstack_swift_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["swiftURL"],
        "address of Swift, when Keystone's catalogue lacks it",
    ),
    text(&["containerName"], "name of the container").required(),
    whole(&["objectCount"], "so many objects per Job").default("2"),
    whole(&["activationObjectCount"], "active only above this count").default("0"),
    text(&["objectPrefix"], "KEDA reads it and does nothing with it"),
    text(
        &["objectDelimiter"],
        "KEDA reads it and does nothing with it",
    ),
    text(&["objectLimit"], "KEDA reads it and does nothing with it"),
    whole(&["timeout"], "seconds that a request may take").default("30"),
    flag(&["onlyFiles"], "KEDA reads it and does nothing with it"),
    text(&["userID"], "ID of the user").from(A),
    text(&["password"], "password").from(A),
    text(&["projectID"], "ID of the project").from(A),
    text(&["authURL"], "address of Keystone").from(A).required(),
    text(&["appCredentialID"], "ID of an application credential").from(A),
    text(
        &["appCredentialSecret"],
        "secret of the application credential",
    )
    .from(A),
    text(&["regionName"], "region in Keystone's catalogue").from(A),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["swiftURL"]).optional(2),
    since(8, &["activationObjectCount"]),
];

/// The type.
pub(in crate::scalers) static OPENSTACK_SWIFT: TriggerType = TriggerType {
    name: "openstack-swift",
    family: "openstack",
    parameters: &[PARAMETERS],
    counts: "objects of the container, whatever the prefix",
    work: Work::Is(InFlight::Included, "an object counts until it is deleted"),
    target: Target::Parameter(&["objectCount"], 2.0),
    activation: Some("activationObjectCount"),
    check,
    since: KedaVersion::new(1, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_one_of(
        &["userID", "appCredentialID"],
        "OpenStack needs parameters userID and password, or an application credential, from a TriggerAuthentication",
        found,
    );
    if given.has("userID") {
        given.needs_all(&["password", "projectID"], "userID", found);
    } else if given.has("appCredentialID") {
        given.needs_all(&["appCredentialSecret"], "appCredentialID", found);
    }
}
