// Added to a copy of KEDA's package scalers by build.sh: makes its private parse functions callable.
package scalers

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-logr/logr"

	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
)

// What differs between the releases is in parse_2_20.go and parse_2_21.go: parseAzurePipelines, and more of parsers.

func reads[T any](parse func(*scalersconfig.ScalerConfig) (T, error)) func(*scalersconfig.ScalerConfig) error {
	return func(config *scalersconfig.ScalerConfig) error {
		_, err := parse(config)
		return err
	}
}

// Types lists the types that can be asked about.
func Types() []string {
	return slices.Sorted(maps.Keys(parsers))
}

// parsers are the functions that read the parameters of each type.
var parsers = map[string]func(*scalersconfig.ScalerConfig) error{
	"activemq":             reads(parseActiveMQMetadata),
	"apache-kafka":         reads(parseApacheKafkaMetadata),
	"arangodb":             reads(parseArangoDBMetadata),
	"artemis-queue":        reads(parseArtemisMetadata),
	"aws-cloudwatch":       reads(parseAwsCloudwatchMetadata),
	"aws-dynamodb":         reads(parseAwsDynamoDBMetadata),
	"aws-dynamodb-streams": reads(parseAwsDynamoDBStreamsMetadata),
	"aws-kinesis-stream":   reads(parseAwsKinesisStreamMetadata),
	"aws-sqs-queue":        reads(parseAwsSqsQueueMetadata),
	"azure-app-insights":   reads(parseAzureAppInsightsMetadata),
	"azure-blob": func(config *scalersconfig.ScalerConfig) error {
		_, err := parseAzureBlobMetadata(config, logr.Discard())
		return err
	},
	"azure-data-explorer": func(config *scalersconfig.ScalerConfig) error {
		_, err := parseAzureDataExplorerMetadata(config, logr.Discard())
		return err
	},
	"azure-eventhub": func(config *scalersconfig.ScalerConfig) error {
		_, err := parseAzureEventHubMetadata(logr.Discard(), config)
		return err
	},
	"azure-log-analytics": reads(parseAzureLogAnalyticsMetadata),
	"azure-monitor":       reads(parseAzureMonitorMetadata),
	"azure-pipelines": func(config *scalersconfig.ScalerConfig) error {
		err := parseAzurePipelines(config)
		if err != nil && strings.Contains(err.Error(), "failed to acquire a token") {
			// The identity is asked for the pool, and there is none here.
			return nil
		}
		return err
	},
	"azure-queue": func(config *scalersconfig.ScalerConfig) error {
		_, _, err := parseAzureQueueMetadata(config)
		return err
	},
	"azure-servicebus": reads(parseAzureServiceBusMetadata),
	"beanstalkd":       reads(parseBeanstalkdMetadata),
	"cassandra":        reads(parseCassandraMetadata),
	"couchdb":          reads(parseCouchDBMetadata),
	"cpu":              reads(parseResourceMetadata),
	"memory":           reads(parseResourceMetadata),
	"cron":             reads(parseCronMetadata),
	// Its constructor asks nobody.
	"datadog":          reads(NewDatadogScaler),
	"dynatrace":        reads(parseDynatraceMetadata),
	"elastic-forecast": reads(parseElasticForecastMetadata),
	"elasticsearch":    reads(parseElasticsearchMetadata),
	"etcd":             reads(parseEtcdMetadata),
	"external":         reads(parseExternalScalerMetadata),
	"external-push":    reads(parseExternalScalerMetadata),
	"forgejo-runner":   reads(parseForgejoRunnerMetadata),
	"gcp-cloudtasks":   reads(parseGcpCloudTasksMetadata),
	"gcp-pubsub":       reads(parsePubSubMetadata),
	"gcp-stackdriver":  reads(parseStackdriverMetadata),
	"gcp-storage":      reads(parseGcsMetadata),
	"github-runner":    reads(parseGitHubRunnerMetadata),
	"graphite":         reads(parseGraphiteMetadata),
	"huawei-cloudeye":  reads(parseHuaweiCloudeyeMetadata),
	"ibmmq":            reads(parseIBMMQMetadata),
	"influxdb":         reads(parseInfluxDBMetadata),
	"kafka": func(config *scalersconfig.ScalerConfig) error {
		_, err := parseKafkaMetadata(config, logr.Discard())
		return err
	},
	"kubernetes-resource": reads(parseKubernetesResourceMetadata),
	"kubernetes-workload": reads(parseKubernetesWorkloadMetadata),
	"liiklus":             reads(parseLiiklusMetadata),
	"loki":                reads(parseLokiMetadata),
	"metrics-api":         reads(parseMetricsAPIMetadata),
	"mongodb":             reads(parseMongoDBMetadata),
	"mssql": func(config *scalersconfig.ScalerConfig) error {
		_, _, err := parseMSSQLMetadata(logr.Discard(), config)
		return err
	},
	"mysql":            reads(parseMySQLMetadata),
	"nats-jetstream":   reads(parseNATSJetStreamMetadata),
	"new-relic":        reads(parseNewRelicMetadata),
	"nsq":              reads(parseNSQMetadata),
	"opensearch":       reads(parseOpensearchMetadata),
	"openstack-metric": openstackMetric,
	"openstack-swift":  reads(parseOpenstackSwiftMetadata),
	"postgresql": func(config *scalersconfig.ScalerConfig) error {
		_, _, err := parsePostgreSQLMetadata(logr.Discard(), config)
		return err
	},
	"predictkube":             reads(parsePredictKubeMetadata),
	"prometheus":              reads(parsePrometheusMetadata),
	"pulsar":                  reads(parsePulsarMetadata),
	"rabbitmq":                reads(parseRabbitMQMetadata),
	"redis":                   reads(parseRedisMetadata),
	"redis-cluster":           reads(parseRedisMetadata),
	"redis-sentinel":          reads(parseRedisMetadata),
	"redis-streams":           reads(parseRedisStreamsMetadata),
	"redis-cluster-streams":   reads(parseRedisStreamsMetadata),
	"redis-sentinel-streams":  reads(parseRedisStreamsMetadata),
	"selenium-grid":           reads(parseSeleniumGridScalerMetadata),
	"solace-direct-messaging": reads(parseSolaceDMConfiguration),
	"solace-event-queue":      reads(parseSolaceMetadata),
	"solarwinds":              reads(parseSolarWindsMetadata),
	"solr":                    reads(parseSolrMetadata),
	"splunk":                  reads(parseSplunkMetadata),
	"splunk-observability":    reads(parseSplunkObservabilityMetadata),
	"sumologic":               reads(parseSumoMetadata),
	"temporal": func(config *scalersconfig.ScalerConfig) error {
		_, err := parseTemporalMetadata(config, logr.Discard())
		return err
	},
}

func openstackMetric(config *scalersconfig.ScalerConfig) error {
	if _, err := parseOpenstackMetricMetadata(config); err != nil {
		return err
	}
	_, err := parseOpenstackMetricAuthenticationMetadata(config)
	return err
}

// Parse says whether KEDA takes the parameters of a trigger.
func Parse(config *scalersconfig.ScalerConfig) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	parse, ok := parsers[config.TriggerType]
	if !ok {
		return fmt.Errorf("no parser for type %q", config.TriggerType)
	}
	switch config.TriggerType {
	case "cpu", "memory", "pulsar", "splunk-observability":
	default:
		// Constructors call it beside the parser.
		if _, err := GetMetricTargetType(config); err != nil {
			return err
		}
	}
	return parse(config)
}

// pool stands in for Azure DevOps, which azure-pipelines asks for the pool while it reads its parameters.
var pool = &http.Client{Transport: everyPool{}}

type everyPool struct{}

func (everyPool) RoundTrip(request *http.Request) (*http.Response, error) {
	body := `{"id":1,"count":1,"value":[{"id":1}]}`
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{},
		Body:       io.NopCloser(strings.NewReader(body)),
		Request:    request,
	}, nil
}

// Build runs the whole constructor and drops what it makes.
func Build(ctx context.Context, config *scalersconfig.ScalerConfig) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	_, err = buildScaler(ctx, nil, config.TriggerType, config)
	return err
}
