"""Cases that are left out: what nobody can know from the manifest, and slips of KEDA's own that nobody writes."""
import re

SKIP = [
    # The value stands in a Secret.
    ("cassandra|mongodb", r'a\.tls=enable"'),
    ("opensearch", r"a\.enableTLS=(0|F|f)"),
    ("kafka", r"a\.oauthExtensions"),
    ("apache-kafka|kafka", r"partitionLimitation=-1"),
    # Blanks count in what is read by hand.
    ("aws-.*", r"identityOwner= "),
    ("apache-kafka", r"sasl=none,"),
    # A ScaledJob must not have the metricType without which KEDA refuses them.
    ("cpu|memory", r"^-t|^t="),
    # The variable is missing from the container.
    (".*", r"credentialsFromEnvFile"),
    # It says what nobody asks it.
    ("datadog|github-runner|graphite|rabbitmq", r"a\.method="),
    # It is sent here, and by no KEDA.
    ("metrics-api", r"a\.authMode=custom"),
    # tls: enable adds a mode to the text of authModes.
    ("pulsar", r'authModes?='),
]


def skipped(kind, change):
    text = " ".join(c + '"' for c in change)
    return any(re.fullmatch(k, kind) and re.search(c, text) for k, c in SKIP)
