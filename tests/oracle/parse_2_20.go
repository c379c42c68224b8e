// Added beside parse.go to a copy of KEDA 2.20.
package scalers

import (
	"context"

	"github.com/go-logr/logr"

	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
)

func parseAzurePipelines(config *scalersconfig.ScalerConfig) error {
	_, _, err := parseAzurePipelinesMetadata(context.Background(), logr.Discard(), config, pool)
	return err
}
