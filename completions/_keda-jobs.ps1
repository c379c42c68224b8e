
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'keda-jobs' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'keda-jobs'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'keda-jobs' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check manifests; no network unless it is asked for')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain a rule of validate, or list all rules')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Work out how many Jobs are called for, and why; changes nothing')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Create the Jobs that are called for, once or in a loop')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the objects that have Jobs, and the Jobs')
            [CompletionResult]::new('cleanup', 'cleanup', [CompletionResultType]::ParameterValue, 'Delete Jobs that keda-jobs made')
            [CompletionResult]::new('triggers', 'triggers', [CompletionResultType]::ParameterValue, 'List the trigger types, or the parameters of one')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Serve the embedded cluster for kubectl and keda-jobs')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a man page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'keda-jobs;validate' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--keda-version', '--keda-version', [CompletionResultType]::ParameterName, 'Version of KEDA that the manifests are for, such as 2.14 or 2.20.1 [default: 2.20 and 2.21: what only one of them refuses is no error]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'Exit with 1 when there is a finding of this level or a worse one [default: error]')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only these rules (repeatable, comma-separated), or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Not these rules (repeatable, comma-separated), or `all` but those of --select')
            [CompletionResult]::new('--cluster', '--cluster', [CompletionResultType]::ParameterName, 'Ask the cluster too: do the objects and keys exist, do the quotas suffice, would it take the Job (a dry run)? With =NAME, as with kubectl, the cluster entry of that name in the kubeconfig instead of the context''s')
            [CompletionResult]::new('--source-timeout', '--source-timeout', [CompletionResultType]::ParameterName, 'Give up on a trigger after this long')
            [CompletionResult]::new('--cluster-object-namespace', '--cluster-object-namespace', [CompletionResultType]::ParameterName, 'Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE')
            [CompletionResult]::new('--service-proxy', '--service-proxy', [CompletionResultType]::ParameterName, 'HTTP proxy for sources whose host ends in .svc or .svc.cluster.local')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'User entry of the kubeconfig, instead of the context''s')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate (repeatable)')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Give up on one request to the cluster after this long [default: 30s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Write the sure fixes into the files; of stdin the fixed text goes to stdout')
            [CompletionResult]::new('--diff', '--diff', [CompletionResultType]::ParameterName, 'Show what --fix would change, as a unified diff, and change nothing')
            [CompletionResult]::new('--sources', '--sources', [CompletionResultType]::ParameterName, 'Take one reading of each trigger and say what it got')
            [CompletionResult]::new('--in-cluster', '--in-cluster', [CompletionResultType]::ParameterName, 'Use the service account of the pod this runs in, and no kubeconfig')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;explain' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;plan' {
            [CompletionResult]::new('--object', '--object', [CompletionResultType]::ParameterName, 'Only the object of this name (repeatable)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--reading', '--reading', [CompletionResultType]::ParameterName, 'Take this as a trigger''s reading instead of asking its source (repeatable)')
            [CompletionResult]::new('--running', '--running', [CompletionResultType]::ParameterName, 'Take this as the number of unfinished Jobs instead of asking the cluster')
            [CompletionResult]::new('--pending', '--pending', [CompletionResultType]::ParameterName, 'Take this as the number of unfinished Jobs without a running pod')
            [CompletionResult]::new('--max-create', '--max-create', [CompletionResultType]::ParameterName, 'At most so many new Jobs in one cycle of one object')
            [CompletionResult]::new('--max-pending', '--max-pending', [CompletionResultType]::ParameterName, 'At most so many pending Jobs of one object, new ones included')
            [CompletionResult]::new('--max-total', '--max-total', [CompletionResultType]::ParameterName, 'At most so many unfinished Jobs of all objects together, new ones included, shared fairly')
            [CompletionResult]::new('--failure-brake', '--failure-brake', [CompletionResultType]::ParameterName, 'After so many failed Jobs of an object in a row make one at a time, with growing pauses, until one succeeds; 0 is off')
            [CompletionResult]::new('--source-timeout', '--source-timeout', [CompletionResultType]::ParameterName, 'Give up on a trigger after this long')
            [CompletionResult]::new('--cluster-object-namespace', '--cluster-object-namespace', [CompletionResultType]::ParameterName, 'Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE')
            [CompletionResult]::new('--service-proxy', '--service-proxy', [CompletionResultType]::ParameterName, 'HTTP proxy for sources whose host ends in .svc or .svc.cluster.local')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'User entry of the kubeconfig, instead of the context''s')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate (repeatable)')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Give up on one request to the cluster after this long [default: 30s]')
            [CompletionResult]::new('--cluster', '--cluster', [CompletionResultType]::ParameterName, 'Cluster entry of the kubeconfig, instead of the context''s')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('--detailed-exitcode', '--detailed-exitcode', [CompletionResultType]::ParameterName, 'Exit with 3 when there is something to create or delete')
            [CompletionResult]::new('--in-cluster', '--in-cluster', [CompletionResultType]::ParameterName, 'Use the service account of the pod this runs in, and no kubeconfig')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;run' {
            [CompletionResult]::new('--object', '--object', [CompletionResultType]::ParameterName, 'Only the object of this name (repeatable)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the output; json is one event a line')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the output; json is one event a line')
            [CompletionResult]::new('--sandbox-items', '--sandbox-items', [CompletionResultType]::ParameterName, 'Items in the embedded cluster''s demo queue')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'How many create and delete requests of one object may be under way at once')
            [CompletionResult]::new('--stuck-after', '--stuck-after', [CompletionResultType]::ParameterName, 'Say why a Job has no running pod once it has been pending for this long')
            [CompletionResult]::new('--max-create', '--max-create', [CompletionResultType]::ParameterName, 'At most so many new Jobs in one cycle of one object')
            [CompletionResult]::new('--max-pending', '--max-pending', [CompletionResultType]::ParameterName, 'At most so many pending Jobs of one object, new ones included')
            [CompletionResult]::new('--max-total', '--max-total', [CompletionResultType]::ParameterName, 'At most so many unfinished Jobs of all objects together, new ones included, shared fairly')
            [CompletionResult]::new('--failure-brake', '--failure-brake', [CompletionResultType]::ParameterName, 'After so many failed Jobs of an object in a row make one at a time, with growing pauses, until one succeeds; 0 is off')
            [CompletionResult]::new('--lease-wait', '--lease-wait', [CompletionResultType]::ParameterName, 'Wait for an object that another run holds, for ever or so long, instead of ending with exit code 4')
            [CompletionResult]::new('--lease-duration', '--lease-duration', [CompletionResultType]::ParameterName, 'How long a run may be silent before others may take its objects, in whole seconds')
            [CompletionResult]::new('--source-timeout', '--source-timeout', [CompletionResultType]::ParameterName, 'Give up on a trigger after this long')
            [CompletionResult]::new('--cluster-object-namespace', '--cluster-object-namespace', [CompletionResultType]::ParameterName, 'Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE')
            [CompletionResult]::new('--service-proxy', '--service-proxy', [CompletionResultType]::ParameterName, 'HTTP proxy for sources whose host ends in .svc or .svc.cluster.local')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'User entry of the kubeconfig, instead of the context''s')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate (repeatable)')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Give up on one request to the cluster after this long [default: 30s]')
            [CompletionResult]::new('--cluster', '--cluster', [CompletionResultType]::ParameterName, 'Cluster entry of the kubeconfig, instead of the context''s')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'One cycle of every object, then end')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Run on an embedded cluster that lives as long as this command')
            [CompletionResult]::new('--takeover', '--takeover', [CompletionResultType]::ParameterName, 'Take objects that another run holds by force; both may create Jobs until that run notices')
            [CompletionResult]::new('--no-lease', '--no-lease', [CompletionResultType]::ParameterName, 'Use no leases: nothing then keeps a second run from creating the same Jobs')
            [CompletionResult]::new('--in-cluster', '--in-cluster', [CompletionResultType]::ParameterName, 'Use the service account of the pod this runs in, and no kubeconfig')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;list' {
            [CompletionResult]::new('--stuck-after', '--stuck-after', [CompletionResultType]::ParameterName, 'Say why a Job has no running pod once it has been pending for this long')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'User entry of the kubeconfig, instead of the context''s')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate (repeatable)')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Give up on one request to the cluster after this long [default: 30s]')
            [CompletionResult]::new('--cluster', '--cluster', [CompletionResultType]::ParameterName, 'Cluster entry of the kubeconfig, instead of the context''s')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'All namespaces')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'All namespaces')
            [CompletionResult]::new('--in-cluster', '--in-cluster', [CompletionResultType]::ParameterName, 'Use the service account of the pod this runs in, and no kubeconfig')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;cleanup' {
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Only Jobs that finished (or, unfinished, were created) longer ago than this')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep the newest N of each object')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of objects that name none')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'User entry of the kubeconfig, instead of the context''s')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate (repeatable)')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Give up on one request to the cluster after this long [default: 30s]')
            [CompletionResult]::new('--cluster', '--cluster', [CompletionResultType]::ParameterName, 'Cluster entry of the kubeconfig, instead of the context''s')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('--finished', '--finished', [CompletionResultType]::ParameterName, 'Finished Jobs, succeeded or failed (default)')
            [CompletionResult]::new('--failed', '--failed', [CompletionResultType]::ParameterName, 'Failed Jobs only')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every Job, running ones too')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be deleted and delete nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-A', '-A ', [CompletionResultType]::ParameterName, 'All namespaces')
            [CompletionResult]::new('--all-namespaces', '--all-namespaces', [CompletionResultType]::ParameterName, 'All namespaces')
            [CompletionResult]::new('--in-cluster', '--in-cluster', [CompletionResultType]::ParameterName, 'Use the service account of the pod this runs in, and no kubeconfig')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;triggers' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result')
            [CompletionResult]::new('--keda-version', '--keda-version', [CompletionResultType]::ParameterName, 'Only what this version of KEDA has, such as 2.14 or 2.20.1 [default: all that is known, with its versions]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;sandbox' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Loopback port; 0 takes a free one')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Where to write the kubeconfig [default: sandbox.kubeconfig in the user''s state folder]')
            [CompletionResult]::new('--items', '--items', [CompletionResultType]::ParameterName, 'Items in the demo queue')
            [CompletionResult]::new('--pod-pending', '--pod-pending', [CompletionResultType]::ParameterName, 'How long a pod stays Pending')
            [CompletionResult]::new('--pod-run', '--pod-run', [CompletionResultType]::ParameterName, 'How long a pod runs')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour [default: auto]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Form of the log on stderr [default: text]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less: once hides progress and notes, twice leaves errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr: once for what is done, twice for requests')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'keda-jobs;help' {
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check manifests; no network unless it is asked for')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain a rule of validate, or list all rules')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Work out how many Jobs are called for, and why; changes nothing')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Create the Jobs that are called for, once or in a loop')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the objects that have Jobs, and the Jobs')
            [CompletionResult]::new('cleanup', 'cleanup', [CompletionResultType]::ParameterValue, 'Delete Jobs that keda-jobs made')
            [CompletionResult]::new('triggers', 'triggers', [CompletionResultType]::ParameterValue, 'List the trigger types, or the parameters of one')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Serve the embedded cluster for kubectl and keda-jobs')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a man page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'keda-jobs;help;validate' {
            break
        }
        'keda-jobs;help;explain' {
            break
        }
        'keda-jobs;help;plan' {
            break
        }
        'keda-jobs;help;run' {
            break
        }
        'keda-jobs;help;list' {
            break
        }
        'keda-jobs;help;cleanup' {
            break
        }
        'keda-jobs;help;triggers' {
            break
        }
        'keda-jobs;help;sandbox' {
            break
        }
        'keda-jobs;help;completions' {
            break
        }
        'keda-jobs;help;man' {
            break
        }
        'keda-jobs;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
