//! Facts about versions of KEDA, each looked up in its source; `2.8.2 x.go:1` is a line of that release.

/// A type, a parameter, the minor version that came to read it, and where in that version's `pkg/scalers` it does.
pub(super) static NEW: &[(&str, &str, u16, &str)] = &[
    (
        "azure-monitor",
        "metricInterval",
        21,
        "2.21.0 azure_monitor_scaler.go:57",
    ),
    (
        "azure-pipelines",
        "scaleOnInFlight",
        21,
        "2.21.0 azure_pipelines_scaler.go:147",
    ),
    (
        "github-runner",
        "authModes",
        21,
        "2.21.0 github_runner_scaler.go:85",
    ),
    ("graphite", "authModes", 21, "2.21.0 graphite_scaler.go:34"),
    ("kafka", "fullMetadata", 21, "2.21.0 kafka_scaler.go:77"),
    ("mssql", "driverName", 21, "2.21.0 mssql_scaler.go:43"),
    ("rabbitmq", "authModes", 21, "2.21.0 rabbitmq_scaler.go:128"),
    (
        "selenium-grid",
        "includeOngoingSessions",
        21,
        "2.21.0 selenium_grid_scaler.go:45",
    ),
    (
        "sumologic",
        "ignoreNullValues",
        21,
        "2.21.0 sumologic_scaler.go:38",
    ),
    ("temporal", "enableTLS", 21, "2.21.0 temporal_scaler.go:78"),
    (
        "temporal",
        "includeRunningWorkflowCount",
        21,
        "2.21.0 temporal_scaler.go:74",
    ),
    (
        "aws-sqs-queue",
        "activationQueueLength",
        8,
        "2.8.2 aws_sqs_queue_scaler.go:90",
    ),
    (
        "aws-sqs-queue",
        "scaleOnDelayed",
        12,
        "2.12.0 aws_sqs_queue_scaler.go:113",
    ),
    (
        "aws-cloudwatch",
        "ignoreNullValues",
        16,
        "2.16.0 aws_cloudwatch_scaler.go:40",
    ),
    (
        "aws-dynamodb",
        "filterExpression",
        19,
        "2.19.0 aws_dynamodb_scaler.go:42",
    ),
    (
        "azure-eventhub",
        "checkpointStrategy",
        3,
        "2.3.0 azure_eventhub_scaler.go:98",
    ),
    (
        "azure-queue",
        "queueLengthStrategy",
        15,
        "2.15.1 azure_queue_scaler.go:134",
    ),
    (
        "azure-log-analytics",
        "timeout",
        17,
        "2.17.0 azure_log_analytics_scaler.go:224",
    ),
    (
        "azure-pipelines",
        "parent",
        8,
        "2.8.2 azure_pipelines_scaler.go:122",
    ),
    (
        "github-runner",
        "enableEtags",
        17,
        "2.17.0 github_runner_scaler.go:449",
    ),
    (
        "selenium-grid",
        "nodeMaxSessions",
        16,
        "2.16.0 selenium_grid_scaler.go:42",
    ),
    ("gcp-pubsub", "mode", 5, "2.5.0 gcp_pub_sub_scaler.go:71"),
    (
        "gcp-pubsub",
        "topicName",
        13,
        "2.13.0 gcp_pubsub_scaler.go:84",
    ),
    (
        "gcp-storage",
        "blobPrefix",
        9,
        "2.9.3 gcp_storage_scaler.go:144",
    ),
    ("external", "enableTLS", 17, "2.17.0 external_scaler.go:140"),
    (
        "liiklus",
        "activationLagThreshold",
        8,
        "2.8.2 liiklus_scaler.go:167",
    ),
    (
        "temporal",
        "workerDeploymentName",
        20,
        "2.20.0 temporal_scaler.go:50",
    ),
    (
        "artemis-queue",
        "corsHeader",
        3,
        "2.3.0 artemis_scaler.go:91",
    ),
    (
        "metrics-api",
        "format",
        14,
        "2.14.0 metrics_api_scaler.go:165",
    ),
    (
        "elasticsearch",
        "ignoreNullValues",
        17,
        "2.17.0 elasticsearch_scaler.go:44",
    ),
    (
        "influxdb",
        "influxVersion",
        18,
        "2.18.0 influxdb_scaler.go:38",
    ),
    ("ibmmq", "queueNames", 16, "2.16.0 ibmmq_scaler.go:30"),
    ("kafka", "version", 4, "2.4.0 kafka_scaler.go:196"),
    (
        "kafka",
        "partitionLimitation",
        9,
        "2.9.3 kafka_scaler.go:215",
    ),
    (
        "apache-kafka",
        "limitToPartitionsWithLag",
        13,
        "2.13.0 apache_kafka_scaler.go:346",
    ),
    (
        "kubernetes-workload",
        "groupByNode",
        20,
        "2.20.0 kubernetes_workload_scaler.go:38",
    ),
    ("cpu", "containerName", 8, "2.8.2 cpu_memory_scaler.go:78"),
    (
        "openstack-metric",
        "activationThreshold",
        8,
        "2.8.2 openstack_metrics_scaler.go:167",
    ),
    (
        "openstack-swift",
        "activationObjectCount",
        8,
        "2.8.2 openstack_swift_scaler.go:275",
    ),
    (
        "prometheus",
        "customHeaders",
        10,
        "2.10.0 prometheus_scaler.go:184",
    ),
    (
        "prometheus",
        "timeout",
        17,
        "2.17.0 prometheus_scaler.go:53",
    ),
    (
        "loki",
        "authMode",
        19,
        "2.19.0 authentication/authentication_types.go:105",
    ),
    (
        "rabbitmq",
        "excludeUnacknowledged",
        8,
        "2.8.2 rabbitmq_scaler.go:257",
    ),
    ("rabbitmq", "pageSize", 5, "2.5.0 rabbitmq_scaler.go:203"),
    (
        "redis",
        "activationListLength",
        8,
        "2.8.2 redis_scaler.go:196",
    ),
    ("redis", "username", 5, "2.5.0 redis_scaler.go:388"),
    (
        "redis-streams",
        "lagCount",
        11,
        "2.11.2 redis_streams_scaler.go:296",
    ),
    (
        "datadog",
        "useClusterAgentProxy",
        15,
        "2.15.1 datadog_scaler.go:92",
    ),
    ("dynatrace", "query", 19, "2.19.0 dynatrace_scaler.go:42"),
    (
        "new-relic",
        "activationThreshold",
        8,
        "2.8.2 newrelic_scaler.go:122",
    ),
    ("mongodb", "scheme", 14, "2.14.0 mongo_scaler.go:168"),
    (
        "mysql",
        "activationQueryValue",
        8,
        "2.8.2 mysql_scaler.go:85",
    ),
];

/// A type, a parameter, the minor version that no longer reads it, what it does instead, and where that version's `pkg/scalers` says
/// so, or the version before it reads it.
pub(super) static GONE: &[(&str, &str, u16, &str, &str)] = &[
    (
        "temporal",
        "buildId",
        21,
        "invalid-parameter",
        "2.21.0 temporal_scaler.go:64",
    ),
    (
        "temporal",
        "selectAllActive",
        21,
        "invalid-parameter",
        "2.21.0 temporal_scaler.go:67",
    ),
    (
        "apache-kafka",
        "awsEndpoint",
        17,
        "obsolete-parameter",
        "2.16.0 apache_kafka_scaler.go:73",
    ),
    (
        "azure-blob",
        "useAAdPodIdentity",
        15,
        "obsolete-parameter",
        "2.14.0 azure_blob_scaler.go:143",
    ),
    (
        "azure-queue",
        "useAAdPodIdentity",
        15,
        "obsolete-parameter",
        "2.14.0 azure_queue_scaler.go:124",
    ),
    (
        "cpu",
        "type",
        18,
        "invalid-parameter",
        "2.18.0 cpu_memory_scaler.go:24",
    ),
    (
        "gcp-pubsub",
        "subscriptionSize",
        20,
        "invalid-parameter",
        "2.20.0 gcp_pubsub_scaler.go:40",
    ),
    (
        "huawei-cloudeye",
        "minMetricValue",
        20,
        "invalid-parameter",
        "2.20.0 huawei_cloudeye_scaler.go:36",
    ),
    (
        "ibmmq",
        "queueManager",
        16,
        "obsolete-parameter",
        "2.15.1 ibmmq_scaler.go:128",
    ),
    (
        "ibmmq",
        "tls",
        18,
        "invalid-parameter",
        "2.18.0 ibmmq_scaler.go:37",
    ),
    (
        "memory",
        "type",
        18,
        "invalid-parameter",
        "2.18.0 cpu_memory_scaler.go:24",
    ),
    (
        "prometheus",
        "cortexOrgID",
        10,
        "invalid-parameter",
        "2.10.0 prometheus_scaler.go:181",
    ),
    (
        "pulsar",
        "msgBacklog",
        16,
        "obsolete-parameter",
        "2.15.1 pulsar_scaler.go:188",
    ),
];

/// A type, a parameter, a word of it, the minor version that came to know the word, and where in that version's `pkg/scalers`.
pub(super) static WORDS: &[(&str, &str, &str, u16, &str)] = &[
    (
        "splunk-observability",
        "queryAggregator",
        "latest",
        21,
        "2.21.0 splunk_observability_scaler.go:34",
    ),
    (
        "azure-eventhub",
        "checkpointStrategy",
        "dapr",
        9,
        "2.9.3 azure/azure_eventhub_checkpoint.go",
    ),
    ("kafka", "sasl", "gssapi", 13, "2.13.0 kafka_scaler.go:114"),
    (
        "loki",
        "authModes",
        "oauth",
        12,
        "2.12.0 authentication/authentication_types.go",
    ),
    (
        "prometheus",
        "authModes",
        "custom",
        10,
        "2.10.0 authentication/authentication_types.go",
    ),
    (
        "rabbitmq",
        "mode",
        "DeliverGetRate",
        18,
        "2.18.0 rabbitmq_scaler.go:41",
    ),
];

/// A type, a key, the minor version that came to read the parameter from there, and where in that version's `pkg/scalers` it does.
pub(super) static FROM: &[(&str, &str, u16, &str)] = &[
    (
        "activemq",
        "managementEndpointFromEnv",
        21,
        "2.21.0 activemq_scaler.go:34",
    ),
    ("datadog", "authMode", 21, "2.21.0 datadog_scaler.go:48"),
    (
        "activemq",
        "usernameFromEnv",
        15,
        "2.15.1 activemq_scaler.go",
    ),
    (
        "aws-sqs-queue",
        "queueURLFromEnv",
        9,
        "2.9.3 aws_sqs_queue_scaler.go",
    ),
    (
        "azure-queue",
        "connection",
        16,
        "2.16.0 azure_queue_scaler.go",
    ),
    (
        "gcp-pubsub",
        "topicNameFromEnv",
        14,
        "2.14.0 gcp_pubsub_scaler.go:83",
    ),
    ("kafka", "sasl", 10, "2.10.0 kafka_scaler.go:131"),
    ("mongodb", "connectionString", 16, "2.16.0 mongo_scaler.go"),
    ("redis", "password", 16, "2.16.0 redis_scaler.go"),
];

/// A type, the minor version that came with it, and where in that version's `pkg/scaling`.
pub(super) static TYPES: &[(&str, u16, &str)] = &[
    ("apache-kafka", 12, "2.12.0 scalers_builder.go:111"),
    ("azure-cosmosdb", 21, "2.21.0 scalers_builder.go:148"),
    ("clickhouse", 21, "2.21.0 scalers_builder.go:168"),
    ("gcp-spanner", 21, "2.21.0 scalers_builder.go:199"),
    ("beanstalkd", 16, "2.16.0 scalers_builder.go:155"),
    ("dynatrace", 15, "2.15.1 scalers_builder.go:165"),
    ("forgejo-runner", 18, "2.18.0 scalers_builder.go:187"),
    ("kubernetes-resource", 19, "2.19.0 scalers_builder.go:209"),
    ("nsq", 17, "2.17.0 scalers_builder.go:223"),
    ("opensearch", 20, "2.20.0 scalers_builder.go:235"),
    ("redis-sentinel", 5, "2.5.0 scale_handler.go:406"),
    ("solr", 11, "2.11.2 scalers_builder.go:228"),
    ("temporal", 17, "2.17.0 scalers_builder.go:261"),
];

/// A type, a metadata key, and the minor version that no longer reads it.
pub(super) static UNTIL: &[(&str, &str, u16, &str)] = &[
    (
        "azure-app-insights",
        "metricIdFromEnv",
        20,
        "2.19.0 azure_app_insights_scaler.go:134",
    ),
    (
        "azure-data-explorer",
        "clientSecretFromEnv",
        20,
        "2.19.0 azure_data_explorer_scaler.go:166",
    ),
    (
        "azure-data-explorer",
        "endpointFromEnv",
        20,
        "2.19.0 azure_data_explorer_scaler.go:89",
    ),
    (
        "azure-log-analytics",
        "queryFromEnv",
        18,
        "2.17.0 azure_log_analytics_scaler.go:160",
    ),
    (
        "azure-log-analytics",
        "timeoutFromEnv",
        18,
        "2.17.0 azure_log_analytics_scaler.go:224",
    ),
    ("influxdb", "authToken", 20, "2.19.0 influxdb_scaler.go:34"),
];

/// Keys of the metadata and their texts.
type Metadata = &'static [(&'static str, &'static str)];

/// A type, metadata, the minor version whose rules over parameters came to refuse it, and what is said then.
pub(super) static RULES: &[(&str, Metadata, u16, &str)] = &[
    // 2.5.0 aws_cloudwatch_scaler.go
    (
        "aws-cloudwatch",
        &[("metricStatPeriod", "7")],
        5,
        "metricStatPeriod must be",
    ),
    // 2.20.0 azure_app_insights_scaler.go:122
    (
        "azure-app-insights",
        &[("targetValue", "0")],
        20,
        "targetValue must not be 0",
    ),
    // 2.21.0 azure_blob_scaler.go:76, by another release of its library
    (
        "azure-blob",
        &[("globPattern", "{a")],
        21,
        "globPattern has a {",
    ),
    // 2.20.0 azure_eventhub_scaler.go:64
    (
        "azure-eventhub",
        &[("unprocessedEventThreshold", "0")],
        20,
        "unprocessedEventThreshold must be greater",
    ),
    // 2.18.0 azure_pipelines_scaler.go
    (
        "azure-pipelines",
        &[("jobsToFetch", "5"), ("parent", "p")],
        18,
        "set jobsToFetch or parent, not both",
    ),
    // 2.18.0 gcp_storage_scaler.go
    (
        "gcp-storage",
        &[("maxBucketItemsToScan", "0")],
        18,
        "maxBucketItemsToScan must be",
    ),
    // 2.8.2 kafka_scaler.go:212
    (
        "kafka",
        &[("lagThreshold", "0")],
        8,
        "lagThreshold must be greater",
    ),
    // 2.21.0 kafka_scaler.go:152
    (
        "kafka",
        &[("fullMetadata", "false")],
        21,
        "fullMetadata false needs parameter topic",
    ),
    // 2.21.0 metrics_api_scaler.go, Validate
    (
        "metrics-api",
        &[("authModes", "custom")],
        21,
        "metrics-api cannot use authModes custom",
    ),
    // 2.18.0 mssql_scaler.go:83
    (
        "mssql",
        &[("targetValue", "0")],
        18,
        "targetValue must not be 0",
    ),
    // 2.16.0 postgresql_scaler.go:126
    (
        "postgresql",
        &[("targetQueryValue", "0")],
        16,
        "targetQueryValue must not be 0",
    ),
    // 2.21.0 temporal_scaler.go:110
    (
        "temporal",
        &[("workflowTaskQueueForCount", "q")],
        21,
        "workflowTaskQueueForCount needs",
    ),
];
