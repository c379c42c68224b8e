//! Rules about triggers and their TriggerAuthentications, beside those of the [catalog](super::catalog). What finds them knows the
//! trigger types and lives with these.

use super::{Doc, Rule, Severity};

/// The rules of this file.
pub static RULES: &[&Rule] = &[
    &AUTHENTICATION_NOT_GIVEN,
    &DEPRECATED_TRIGGER_TYPE,
    &FILE_PATH,
    &NO_TARGET,
    &OBSOLETE_PARAMETER,
    &OVERRIDDEN_PARAMETER,
    &PARAMETER_VERSION,
    &POD_IDENTITY,
    &TOKEN_AUDIENCE,
    &TRIGGER_TYPE_VERSION,
    &UNREAD_AUTHENTICATION,
    &V1_PARAMETER,
];

/// See its doc.
pub static AUTHENTICATION_NOT_GIVEN: Rule = Rule {
    id: "authentication-not-given",
    severity: Severity::Note,
    summary: "authenticationRef names an object that none of the given files holds",
    doc: Doc {
        what: "A trigger refers to a TriggerAuthentication or ClusterTriggerAuthentication that is in none of the files that were given.",
        why: "What it brings is not known here, so parameters that it could bring are not called missing. If the cluster lacks it too, \
              KEDA only writes a line into its log and goes on without its parameters.",
        example: "triggers:\n  - type: redis\n    metadata: {listName: orders}\n    authenticationRef: {name: redis-login}",
        fix: "Give its file as well.",
        source: "KEDA pkg/scaling/resolver/scale_resolvers.go, ResolveAuthRefAndPodIdentity",
    },
};

/// See its doc.
pub static DEPRECATED_TRIGGER_TYPE: Rule = Rule {
    id: "deprecated-trigger-type",
    severity: Severity::Warning,
    summary: "a trigger type that KEDA is about to drop",
    doc: Doc {
        what: "KEDA still reads the trigger type and has announced its end.",
        why: "After the release without it no trigger of the object is read any more: one that cannot be built stops the others too.",
        example: "triggers:\n  - type: liiklus",
        fix: "Move to another trigger type before you update KEDA.",
        source: "KEDA CHANGELOG, Deprecations",
    },
};

/// See its doc.
pub static FILE_PATH: Rule = Rule {
    id: "file-path",
    severity: Severity::Error,
    summary: "filePath of a TriggerAuthentication where KEDA does not read it, or beside sources that it hides",
    doc: Doc {
        what: "spec.filePath stands in a TriggerAuthentication (an error), or in a ClusterTriggerAuthentication beside other sources (a \
               warning).",
        why: "KEDA reads filePath in a ClusterTriggerAuthentication only. There it replaces every other source: nothing else is looked \
              at.",
        example: "kind: TriggerAuthentication\nspec:\n  filePath: login.json",
        fix: "Use a ClusterTriggerAuthentication for filePath, and nothing beside it.",
        source: "KEDA pkg/scaling/resolver/scale_resolvers.go, filePath (2.19)",
    },
};

/// See its doc.
pub static NO_TARGET: Rule = Rule {
    id: "no-target",
    severity: Severity::Warning,
    summary: "the target of a trigger is 0, so that it never starts a Job",
    doc: Doc {
        what: "The target of the trigger is 0 or less, or it is absent and has no default.",
        why: "KEDA divides the reading by the target; with a target of 0 it takes 0 Jobs, however much work waits.",
        example: "triggers:\n  - type: kubernetes-workload\n    metadata: {podSelector: app=web}",
        fix: "Write how much of what is measured one Job takes care of.",
        source: "KEDA pkg/scaling/scaledjob/metrics.go, getTargetAverageValue and CalculateMaxValue",
    },
};

/// See its doc.
pub static OBSOLETE_PARAMETER: Rule = Rule {
    id: "obsolete-parameter",
    severity: Severity::Warning,
    summary: "a trigger parameter that older versions of KEDA read and the newest passes over",
    doc: Doc {
        what: "The metadata holds a parameter that the version of KEDA aimed at no longer looks at.",
        why: "It has no effect, and nobody says so: KEDA passes over keys that it does not know.",
        example: "triggers:\n  - type: prometheus\n    metadata: {metricName: http_requests}",
        fix: "Take it out, or write what has taken its place.",
        source: "KEDA CHANGELOG: metricName was removed in 2.12 (#4899)",
    },
};

/// See its doc.
pub static OVERRIDDEN_PARAMETER: Rule = Rule {
    id: "overridden-parameter",
    severity: Severity::Warning,
    summary: "a parameter is given twice, and only one of the values is used",
    doc: Doc {
        what: "A parameter is given under two names, both plain and FromEnv, in the metadata and by a TriggerAuthentication, or by two \
               sources of one TriggerAuthentication.",
        why: "Each parameter has an order of sources, and the first one that is not empty wins. In a TriggerAuthentication the last \
              source wins: env, then configMapTargetRef, then secretTargetRef.",
        example: "triggers:\n  - type: rabbitmq\n    metadata: {host: amqp://mq, hostFromEnv: MQ}",
        fix: "Keep the one that is meant.",
        source: "KEDA pkg/scalers/scalersconfig/typed_config.go; pkg/scaling/resolver/scale_resolvers.go",
    },
};

/// See its doc.
pub static PARAMETER_VERSION: Rule = Rule {
    id: "parameter-version",
    severity: Severity::Warning,
    summary: "the version of KEDA aimed at does not know the trigger parameter, or a text in it, yet",
    doc: Doc {
        what: "The metadata holds a parameter that came with a later version of KEDA than the one aimed at, or a word or a fraction that \
               came later in the text of a parameter, which is an error.",
        why: "KEDA passes over keys that it does not know, without a word: the default holds instead. A required parameter that is given \
              only under a newer name is missing, which is a finding of its own. A text that it does not understand stops the trigger, and with \
              it all triggers of the object.",
        example: "# with --keda-version 2.7\ntriggers:\n  - type: aws-sqs-queue\n    metadata: {activationQueueLength: \"5\"}",
        fix: "Take it out, or say with --keda-version which KEDA is meant; `keda-jobs triggers TYPE` shows since when each is read.",
        source: "KEDA's source, release by release: pkg/scalers",
    },
};

/// See its doc.
pub static POD_IDENTITY: Rule = Rule {
    id: "pod-identity",
    severity: Severity::Error,
    summary: "a podIdentity, azureServicePrincipal or oauth2 that KEDA refuses",
    doc: Doc {
        what: "Fields of podIdentity, of azureServicePrincipal or of oauth2 contradict each other or lack one another, or the version of \
               KEDA aimed at does not have the identity: `azure` and `aws-kiam` went with 2.15, `spiffe` with 2.13, azureServicePrincipal \
               came with 2.21.",
        why: "The API server or KEDA's webhook refuses the object. Where neither does, the trigger signs in as somebody else or not \
              at all.",
        example: "kind: TriggerAuthentication\nspec:\n  podIdentity:\n    provider: aws\n    roleArn: arn:aws:iam::1:role/keda\n    \
                  identityOwner: workload",
        fix: "Give roleArn or identityOwner workload, externalID only with roleArn, identityAuthorityHost only with identityTenantId, and \
              an absolute http address as oauth2.tokenUrl. azureServicePrincipal takes clientSecret or clientCertificate. Instead of an identity that is gone use `azure-workload`, `aws` or `gcp`.",
        source: "KEDA apis/keda/v1alpha1/triggerauthentication_webhook.go and triggerauthentication_types.go",
    },
};

/// See its doc.
pub static TRIGGER_TYPE_VERSION: Rule = Rule {
    id: "trigger-type-version",
    severity: Severity::Error,
    summary: "the version of KEDA aimed at does not have the trigger type",
    doc: Doc {
        what: "The trigger type came with a later version of KEDA than the one aimed at, or was dropped by it.",
        why: "KEDA cannot build the trigger, and one trigger that cannot be built stops all triggers of the object.",
        example: "triggers:\n  - type: stan",
        fix: "Use another trigger type, or say with --keda-version which KEDA is meant.",
        source: "KEDA pkg/scaling/scalers_builder.go",
    },
};

/// See its doc.
pub static TOKEN_AUDIENCE: Rule = Rule {
    id: "token-audience",
    severity: Severity::Note,
    summary: "a token of a service account that KEDA gives out only when its operator allows the audience",
    doc: Doc {
        what: "A `boundServiceAccountToken`, or a `hashiCorpVault` that signs in with `kubernetes`. Since 2.21 KEDA uses tokens of service \
               accounts only for audiences that its own configuration allows.",
        why: "Without `KEDA_SERVICE_ACCOUNT_TOKEN_AUDIENCES` the triggers that refer to the object fail, though 2.20 took it.",
        example: "kind: TriggerAuthentication\nspec:\n  boundServiceAccountToken:\n    - parameter: token\n      serviceAccountName: reader",
        fix: "Have the operator's KEDA_SERVICE_ACCOUNT_TOKEN_AUDIENCES name the audience, and for a minted token the namespace and the \
              service account as well. `--service-account-token-mode=legacy` of the operator brings the old way back.",
        source: "KEDA 2.21.0 pkg/scaling/resolver/service_account_token.go and hashicorpvault_handler.go",
    },
};

/// See its doc.
pub static UNREAD_AUTHENTICATION: Rule = Rule {
    id: "unread-authentication",
    severity: Severity::Warning,
    summary: "a TriggerAuthentication brings a parameter that no trigger reads",
    doc: Doc {
        what: "None of the triggers that refer to the TriggerAuthentication reads the parameter from there, in the version of KEDA aimed at.",
        why: "KEDA passes over it, so that a misspelt name shows only as a login that fails.",
        example: "kind: TriggerAuthentication\nspec:\n  secretTargetRef:\n    - parameter: pasword",
        fix: "Write the name of a parameter that the trigger reads; `keda-jobs triggers TYPE` lists them.",
        source: "KEDA pkg/scalers/scalersconfig/typed_config.go",
    },
};

/// See its doc.
pub static V1_PARAMETER: Rule = Rule {
    id: "v1-parameter",
    severity: Severity::Error,
    summary: "a trigger parameter is written as in KEDA 1",
    doc: Doc {
        what: "A parameter holds the name of a variable, as in KEDA 1, or has another name in KEDA 2.",
        why: "KEDA 1 took `connection: STORAGE` for the variable STORAGE; KEDA 2 takes it for the value itself, and reads variables from \
              `connectionFromEnv`.",
        example: "triggers:\n  - type: azure-queue\n    metadata: {queueName: orders, connection: AzureWebJobsStorage}",
        fix: "Append FromEnv to the key, or write the new name.",
        source: "KEDA documentation, migration from 1 to 2",
    },
};
