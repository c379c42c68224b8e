# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_keda_jobs_global_optspecs
    string join \n color= q/quiet v/verbose log-format= h/help V/version
end

function __fish_keda_jobs_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_keda_jobs_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_keda_jobs_using_subcommand
    set -l cmd (__fish_keda_jobs_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -s V -l version -d 'Print version'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "validate" -d 'Check manifests; no network unless it is asked for'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "explain" -d 'Explain a rule of validate, or list all rules'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "plan" -d 'Work out how many Jobs are called for, and why; changes nothing'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "run" -d 'Create the Jobs that are called for, once or in a loop'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "list" -d 'List the objects that have Jobs, and the Jobs'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "cleanup" -d 'Delete Jobs that keda-jobs made'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "triggers" -d 'List the trigger types, or the parameters of one'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "sandbox" -d 'Serve the embedded cluster for kubectl and keda-jobs'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "completions" -d 'Print a completion script'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "man" -d 'Print a man page'
complete -c keda-jobs -n "__fish_keda_jobs_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -s o -l output -d 'Form of the result' -r -f -a "human\t'As a compiler shows it'
concise\t'A line a finding, with `file:line:column` first'
json\t'Versioned JSON'
sarif\t'SARIF 2.1.0 for code scanning'
junit\t'JUnit XML'
github\t'Annotations of a GitHub workflow'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l keda-version -d 'Version of KEDA that the manifests are for, such as 2.14 or 2.20.1 [default: 2.20 and 2.21: what only one of them refuses is no error]' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l fail-on -d 'Exit with 1 when there is a finding of this level or a worse one [default: error]' -r -f -a "error\t'Does not work'
warning\t'Works, but probably not as meant'
note\t'Worth knowing'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l select -d 'Only these rules (repeatable, comma-separated), or `all`' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l ignore -d 'Not these rules (repeatable, comma-separated), or `all` but those of --select' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l cluster -d 'Ask the cluster too: do the objects and keys exist, do the quotas suffice, would it take the Job (a dry run)? With =NAME, as with kubectl, the cluster entry of that name in the kubeconfig instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l source-timeout -d 'Give up on a trigger after this long' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l cluster-object-namespace -d 'Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l service-proxy -d 'HTTP proxy for sources whose host ends in .svc or .svc.cluster.local' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l kubeconfig -d 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]' -r -F
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l context -d 'Context of the kubeconfig' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -s n -l namespace -d 'Namespace of objects that name none' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l user -d 'User entry of the kubeconfig, instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l as -d 'User to impersonate' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l as-group -d 'Group to impersonate (repeatable)' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l request-timeout -d 'Give up on one request to the cluster after this long [default: 30s]' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l fix -d 'Write the sure fixes into the files; of stdin the fixed text goes to stdout'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l diff -d 'Show what --fix would change, as a unified diff, and change nothing'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l sources -d 'Take one reading of each trigger and say what it got'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -l in-cluster -d 'Use the service account of the pod this runs in, and no kubeconfig'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand explain" -s o -l output -d 'Form of the result' -r -f -a "human\t'For people'
json\t'Versioned JSON'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand explain" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand explain" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand explain" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand explain" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l object -d 'Only the object of this name (repeatable)' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -s o -l output -d 'Form of the result' -r -f -a "table\t'For people'
json\t'Versioned JSON'
yaml\t'The same as YAML'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l reading -d 'Take this as a trigger\'s reading instead of asking its source (repeatable)' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l running -d 'Take this as the number of unfinished Jobs instead of asking the cluster' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l pending -d 'Take this as the number of unfinished Jobs without a running pod' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l max-create -d 'At most so many new Jobs in one cycle of one object' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l max-pending -d 'At most so many pending Jobs of one object, new ones included' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l max-total -d 'At most so many unfinished Jobs of all objects together, new ones included, shared fairly' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l failure-brake -d 'After so many failed Jobs of an object in a row make one at a time, with growing pauses, until one succeeds; 0 is off' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l source-timeout -d 'Give up on a trigger after this long' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l cluster-object-namespace -d 'Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l service-proxy -d 'HTTP proxy for sources whose host ends in .svc or .svc.cluster.local' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l kubeconfig -d 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]' -r -F
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l context -d 'Context of the kubeconfig' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -s n -l namespace -d 'Namespace of objects that name none' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l user -d 'User entry of the kubeconfig, instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l as -d 'User to impersonate' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l as-group -d 'Group to impersonate (repeatable)' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l request-timeout -d 'Give up on one request to the cluster after this long [default: 30s]' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l cluster -d 'Cluster entry of the kubeconfig, instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l detailed-exitcode -d 'Exit with 3 when there is something to create or delete'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -l in-cluster -d 'Use the service account of the pod this runs in, and no kubeconfig'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l object -d 'Only the object of this name (repeatable)' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -s o -l output -d 'Form of the output; json is one event a line' -r -f -a "human\t'For people'
json\t'One JSON event a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l sandbox-items -d 'Items in the embedded cluster\'s demo queue' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l concurrency -d 'How many create and delete requests of one object may be under way at once' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l stuck-after -d 'Say why a Job has no running pod once it has been pending for this long' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l max-create -d 'At most so many new Jobs in one cycle of one object' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l max-pending -d 'At most so many pending Jobs of one object, new ones included' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l max-total -d 'At most so many unfinished Jobs of all objects together, new ones included, shared fairly' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l failure-brake -d 'After so many failed Jobs of an object in a row make one at a time, with growing pauses, until one succeeds; 0 is off' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l lease-wait -d 'Wait for an object that another run holds, for ever or so long, instead of ending with exit code 4' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l lease-duration -d 'How long a run may be silent before others may take its objects, in whole seconds' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l source-timeout -d 'Give up on a trigger after this long' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l cluster-object-namespace -d 'Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l service-proxy -d 'HTTP proxy for sources whose host ends in .svc or .svc.cluster.local' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l kubeconfig -d 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]' -r -F
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l context -d 'Context of the kubeconfig' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -s n -l namespace -d 'Namespace of objects that name none' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l user -d 'User entry of the kubeconfig, instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l as -d 'User to impersonate' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l as-group -d 'Group to impersonate (repeatable)' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l request-timeout -d 'Give up on one request to the cluster after this long [default: 30s]' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l cluster -d 'Cluster entry of the kubeconfig, instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l once -d 'One cycle of every object, then end'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l sandbox -d 'Run on an embedded cluster that lives as long as this command'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l takeover -d 'Take objects that another run holds by force; both may create Jobs until that run notices'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l no-lease -d 'Use no leases: nothing then keeps a second run from creating the same Jobs'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -l in-cluster -d 'Use the service account of the pod this runs in, and no kubeconfig'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l stuck-after -d 'Say why a Job has no running pod once it has been pending for this long' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -s o -l output -d 'Form of the result' -r -f -a "table\t'For people'
json\t'Versioned JSON'
yaml\t'The same as YAML'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l kubeconfig -d 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]' -r -F
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l context -d 'Context of the kubeconfig' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -s n -l namespace -d 'Namespace of objects that name none' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l user -d 'User entry of the kubeconfig, instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l as -d 'User to impersonate' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l as-group -d 'Group to impersonate (repeatable)' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l request-timeout -d 'Give up on one request to the cluster after this long [default: 30s]' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l cluster -d 'Cluster entry of the kubeconfig, instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -s A -l all-namespaces -d 'All namespaces'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -l in-cluster -d 'Use the service account of the pod this runs in, and no kubeconfig'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l older-than -d 'Only Jobs that finished (or, unfinished, were created) longer ago than this' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l keep -d 'Keep the newest N of each object' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -s o -l output -d 'Form of the result' -r -f -a "table\t'For people'
json\t'Versioned JSON'
yaml\t'The same as YAML'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l kubeconfig -d 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]' -r -F
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l context -d 'Context of the kubeconfig' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -s n -l namespace -d 'Namespace of objects that name none' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l user -d 'User entry of the kubeconfig, instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l as -d 'User to impersonate' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l as-group -d 'Group to impersonate (repeatable)' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l request-timeout -d 'Give up on one request to the cluster after this long [default: 30s]' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l cluster -d 'Cluster entry of the kubeconfig, instead of the context\'s' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l finished -d 'Finished Jobs, succeeded or failed (default)'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l failed -d 'Failed Jobs only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l all -d 'Every Job, running ones too'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l dry-run -d 'Say what would be deleted and delete nothing'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -s y -l yes -d 'Do not ask'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -s A -l all-namespaces -d 'All namespaces'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -l in-cluster -d 'Use the service account of the pod this runs in, and no kubeconfig'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand cleanup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand triggers" -s o -l output -d 'Form of the result' -r -f -a "table\t'For people'
json\t'Versioned JSON'
yaml\t'The same as YAML'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand triggers" -l keda-version -d 'Only what this version of KEDA has, such as 2.14 or 2.20.1 [default: all that is known, with its versions]' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand triggers" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand triggers" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand triggers" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand triggers" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand triggers" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -l port -d 'Loopback port; 0 takes a free one' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -l kubeconfig -d 'Where to write the kubeconfig [default: sandbox.kubeconfig in the user\'s state folder]' -r -F
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -l items -d 'Items in the demo queue' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -l pod-pending -d 'How long a pod stays Pending' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -l pod-run -d 'How long a pod runs' -r
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand sandbox" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand completions" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand completions" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand completions" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand completions" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand man" -l color -d 'When to colour [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand man" -l log-format -d 'Form of the log on stderr [default: text]' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand man" -s q -l quiet -d 'Say less: once hides progress and notes, twice leaves errors only'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand man" -s v -l verbose -d 'Say more on stderr: once for what is done, twice for requests'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "validate" -d 'Check manifests; no network unless it is asked for'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "explain" -d 'Explain a rule of validate, or list all rules'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "plan" -d 'Work out how many Jobs are called for, and why; changes nothing'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "run" -d 'Create the Jobs that are called for, once or in a loop'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "list" -d 'List the objects that have Jobs, and the Jobs'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "cleanup" -d 'Delete Jobs that keda-jobs made'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "triggers" -d 'List the trigger types, or the parameters of one'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "sandbox" -d 'Serve the embedded cluster for kubectl and keda-jobs'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "completions" -d 'Print a completion script'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "man" -d 'Print a man page'
complete -c keda-jobs -n "__fish_keda_jobs_using_subcommand help; and not __fish_seen_subcommand_from validate explain plan run list cleanup triggers sandbox completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
