#!/bin/sh
# Builds the oracle: build.sh FOLDER [VERSION] makes FOLDER/oracle from a copy of KEDA's module in FOLDER/keda, to which files of ours are
# added, because its parsers are private. VERSION is 2.20.0 (when left out) or 2.21.0; each wants a folder of its own. Needs Go and,
# the first time, some gigabytes of its modules. JOBS compilers run at a time, else one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=${2:-2.20.0}
mkdir -p "$1"
out=$(cd "$1" && pwd)
keda=$out/keda
if [ ! -d "$keda" ]; then
    module=$(cd "$out" && go mod download -json "github.com/kedacore/keda/v2@v$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    cp -r "$module" "$keda"
    chmod -R u+w "$keda"
    # Every struct that is read passes by.
    sed -i '/^func (sc \*ScalerConfig) TypedConfig(/a\	OnTypedConfig(typedConfig)' "$keda/pkg/scalers/scalersconfig/typed_config.go"
fi
cp "$here/fields.go" "$keda/pkg/scalers/scalersconfig/"
line=$(echo "${version%.*}" | tr . _)
cp "$here/parse.go" "$here/parse_$line.go" "$keda/pkg/scalers/"
# The table of constructors, moved to where they are.
{
    printf 'package scalers\n\nimport (\n\t"context"\n\t"fmt"\n\n\tcorev1 "k8s.io/api/core/v1"\n'
    printf '\t"sigs.k8s.io/controller-runtime/pkg/client"\n\n\t"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"\n)\n\n'
    sed -n '/^func buildScaler(/,/^}/p' "$keda/pkg/scaling/scalers_builder.go" | sed 's/scalers\.//g'
} > "$keda/pkg/scalers/build.go"
mkdir -p "$keda/cmd/oracle"
cp "$here/main.go" "$keda/cmd/oracle/"
cd "$keda"
go build -p "${JOBS:-1}" -o "$out/oracle" ./cmd/oracle
