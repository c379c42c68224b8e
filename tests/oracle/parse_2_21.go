// Added beside parse.go to a copy of KEDA 2.21.
package scalers

import (
	"context"

	"github.com/go-logr/logr"

	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
)

func parseAzurePipelines(config *scalersconfig.ScalerConfig) error {
	_, err := parseAzurePipelinesMetadata(context.Background(), logr.Discard(), config, pool)
	return err
}

func init() {
	parsers["azure-cosmosdb"] = reads(parseAzureCosmosDBMetadata)
	parsers["clickhouse"] = reads(parseClickHouseMetadata)
	parsers["gcp-spanner"] = reads(parseSpannerMetadata)
}
