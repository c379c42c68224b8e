
use builtin;
use str;

set edit:completion:arg-completer[keda-jobs] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'keda-jobs'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'keda-jobs'= {
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand validate 'Check manifests; no network unless it is asked for'
            cand explain 'Explain a rule of validate, or list all rules'
            cand plan 'Work out how many Jobs are called for, and why; changes nothing'
            cand run 'Create the Jobs that are called for, once or in a loop'
            cand list 'List the objects that have Jobs, and the Jobs'
            cand cleanup 'Delete Jobs that keda-jobs made'
            cand triggers 'List the trigger types, or the parameters of one'
            cand sandbox 'Serve the embedded cluster for kubectl and keda-jobs'
            cand completions 'Print a completion script'
            cand man 'Print a man page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'keda-jobs;validate'= {
            cand -o 'Form of the result'
            cand --output 'Form of the result'
            cand --keda-version 'Version of KEDA that the manifests are for, such as 2.14 or 2.20.1 [default: 2.20 and 2.21: what only one of them refuses is no error]'
            cand --fail-on 'Exit with 1 when there is a finding of this level or a worse one [default: error]'
            cand --select 'Only these rules (repeatable, comma-separated), or `all`'
            cand --ignore 'Not these rules (repeatable, comma-separated), or `all` but those of --select'
            cand --cluster 'Ask the cluster too: do the objects and keys exist, do the quotas suffice, would it take the Job (a dry run)? With =NAME, as with kubectl, the cluster entry of that name in the kubeconfig instead of the context''s'
            cand --source-timeout 'Give up on a trigger after this long'
            cand --cluster-object-namespace 'Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE'
            cand --service-proxy 'HTTP proxy for sources whose host ends in .svc or .svc.cluster.local'
            cand --kubeconfig 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]'
            cand --context 'Context of the kubeconfig'
            cand -n 'Namespace of objects that name none'
            cand --namespace 'Namespace of objects that name none'
            cand --user 'User entry of the kubeconfig, instead of the context''s'
            cand --as 'User to impersonate'
            cand --as-group 'Group to impersonate (repeatable)'
            cand --request-timeout 'Give up on one request to the cluster after this long [default: 30s]'
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand --fix 'Write the sure fixes into the files; of stdin the fixed text goes to stdout'
            cand --diff 'Show what --fix would change, as a unified diff, and change nothing'
            cand --sources 'Take one reading of each trigger and say what it got'
            cand --in-cluster 'Use the service account of the pod this runs in, and no kubeconfig'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;explain'= {
            cand -o 'Form of the result'
            cand --output 'Form of the result'
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;plan'= {
            cand --object 'Only the object of this name (repeatable)'
            cand -o 'Form of the result'
            cand --output 'Form of the result'
            cand --reading 'Take this as a trigger''s reading instead of asking its source (repeatable)'
            cand --running 'Take this as the number of unfinished Jobs instead of asking the cluster'
            cand --pending 'Take this as the number of unfinished Jobs without a running pod'
            cand --max-create 'At most so many new Jobs in one cycle of one object'
            cand --max-pending 'At most so many pending Jobs of one object, new ones included'
            cand --max-total 'At most so many unfinished Jobs of all objects together, new ones included, shared fairly'
            cand --failure-brake 'After so many failed Jobs of an object in a row make one at a time, with growing pauses, until one succeeds; 0 is off'
            cand --source-timeout 'Give up on a trigger after this long'
            cand --cluster-object-namespace 'Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE'
            cand --service-proxy 'HTTP proxy for sources whose host ends in .svc or .svc.cluster.local'
            cand --kubeconfig 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]'
            cand --context 'Context of the kubeconfig'
            cand -n 'Namespace of objects that name none'
            cand --namespace 'Namespace of objects that name none'
            cand --user 'User entry of the kubeconfig, instead of the context''s'
            cand --as 'User to impersonate'
            cand --as-group 'Group to impersonate (repeatable)'
            cand --request-timeout 'Give up on one request to the cluster after this long [default: 30s]'
            cand --cluster 'Cluster entry of the kubeconfig, instead of the context''s'
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand --detailed-exitcode 'Exit with 3 when there is something to create or delete'
            cand --in-cluster 'Use the service account of the pod this runs in, and no kubeconfig'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;run'= {
            cand --object 'Only the object of this name (repeatable)'
            cand -o 'Form of the output; json is one event a line'
            cand --output 'Form of the output; json is one event a line'
            cand --sandbox-items 'Items in the embedded cluster''s demo queue'
            cand --concurrency 'How many create and delete requests of one object may be under way at once'
            cand --stuck-after 'Say why a Job has no running pod once it has been pending for this long'
            cand --max-create 'At most so many new Jobs in one cycle of one object'
            cand --max-pending 'At most so many pending Jobs of one object, new ones included'
            cand --max-total 'At most so many unfinished Jobs of all objects together, new ones included, shared fairly'
            cand --failure-brake 'After so many failed Jobs of an object in a row make one at a time, with growing pauses, until one succeeds; 0 is off'
            cand --lease-wait 'Wait for an object that another run holds, for ever or so long, instead of ending with exit code 4'
            cand --lease-duration 'How long a run may be silent before others may take its objects, in whole seconds'
            cand --source-timeout 'Give up on a trigger after this long'
            cand --cluster-object-namespace 'Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE'
            cand --service-proxy 'HTTP proxy for sources whose host ends in .svc or .svc.cluster.local'
            cand --kubeconfig 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]'
            cand --context 'Context of the kubeconfig'
            cand -n 'Namespace of objects that name none'
            cand --namespace 'Namespace of objects that name none'
            cand --user 'User entry of the kubeconfig, instead of the context''s'
            cand --as 'User to impersonate'
            cand --as-group 'Group to impersonate (repeatable)'
            cand --request-timeout 'Give up on one request to the cluster after this long [default: 30s]'
            cand --cluster 'Cluster entry of the kubeconfig, instead of the context''s'
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand --once 'One cycle of every object, then end'
            cand --sandbox 'Run on an embedded cluster that lives as long as this command'
            cand --takeover 'Take objects that another run holds by force; both may create Jobs until that run notices'
            cand --no-lease 'Use no leases: nothing then keeps a second run from creating the same Jobs'
            cand --in-cluster 'Use the service account of the pod this runs in, and no kubeconfig'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;list'= {
            cand --stuck-after 'Say why a Job has no running pod once it has been pending for this long'
            cand -o 'Form of the result'
            cand --output 'Form of the result'
            cand --kubeconfig 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]'
            cand --context 'Context of the kubeconfig'
            cand -n 'Namespace of objects that name none'
            cand --namespace 'Namespace of objects that name none'
            cand --user 'User entry of the kubeconfig, instead of the context''s'
            cand --as 'User to impersonate'
            cand --as-group 'Group to impersonate (repeatable)'
            cand --request-timeout 'Give up on one request to the cluster after this long [default: 30s]'
            cand --cluster 'Cluster entry of the kubeconfig, instead of the context''s'
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand -A 'All namespaces'
            cand --all-namespaces 'All namespaces'
            cand --in-cluster 'Use the service account of the pod this runs in, and no kubeconfig'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;cleanup'= {
            cand --older-than 'Only Jobs that finished (or, unfinished, were created) longer ago than this'
            cand --keep 'Keep the newest N of each object'
            cand -o 'Form of the result'
            cand --output 'Form of the result'
            cand --kubeconfig 'Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]'
            cand --context 'Context of the kubeconfig'
            cand -n 'Namespace of objects that name none'
            cand --namespace 'Namespace of objects that name none'
            cand --user 'User entry of the kubeconfig, instead of the context''s'
            cand --as 'User to impersonate'
            cand --as-group 'Group to impersonate (repeatable)'
            cand --request-timeout 'Give up on one request to the cluster after this long [default: 30s]'
            cand --cluster 'Cluster entry of the kubeconfig, instead of the context''s'
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand --finished 'Finished Jobs, succeeded or failed (default)'
            cand --failed 'Failed Jobs only'
            cand --all 'Every Job, running ones too'
            cand --dry-run 'Say what would be deleted and delete nothing'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand -A 'All namespaces'
            cand --all-namespaces 'All namespaces'
            cand --in-cluster 'Use the service account of the pod this runs in, and no kubeconfig'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;triggers'= {
            cand -o 'Form of the result'
            cand --output 'Form of the result'
            cand --keda-version 'Only what this version of KEDA has, such as 2.14 or 2.20.1 [default: all that is known, with its versions]'
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;sandbox'= {
            cand --port 'Loopback port; 0 takes a free one'
            cand --kubeconfig 'Where to write the kubeconfig [default: sandbox.kubeconfig in the user''s state folder]'
            cand --items 'Items in the demo queue'
            cand --pod-pending 'How long a pod stays Pending'
            cand --pod-run 'How long a pod runs'
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;completions'= {
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;man'= {
            cand --color 'When to colour [default: auto]'
            cand --log-format 'Form of the log on stderr [default: text]'
            cand -q 'Say less: once hides progress and notes, twice leaves errors only'
            cand --quiet 'Say less: once hides progress and notes, twice leaves errors only'
            cand -v 'Say more on stderr: once for what is done, twice for requests'
            cand --verbose 'Say more on stderr: once for what is done, twice for requests'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'keda-jobs;help'= {
            cand validate 'Check manifests; no network unless it is asked for'
            cand explain 'Explain a rule of validate, or list all rules'
            cand plan 'Work out how many Jobs are called for, and why; changes nothing'
            cand run 'Create the Jobs that are called for, once or in a loop'
            cand list 'List the objects that have Jobs, and the Jobs'
            cand cleanup 'Delete Jobs that keda-jobs made'
            cand triggers 'List the trigger types, or the parameters of one'
            cand sandbox 'Serve the embedded cluster for kubectl and keda-jobs'
            cand completions 'Print a completion script'
            cand man 'Print a man page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'keda-jobs;help;validate'= {
        }
        &'keda-jobs;help;explain'= {
        }
        &'keda-jobs;help;plan'= {
        }
        &'keda-jobs;help;run'= {
        }
        &'keda-jobs;help;list'= {
        }
        &'keda-jobs;help;cleanup'= {
        }
        &'keda-jobs;help;triggers'= {
        }
        &'keda-jobs;help;sandbox'= {
        }
        &'keda-jobs;help;completions'= {
        }
        &'keda-jobs;help;man'= {
        }
        &'keda-jobs;help;help'= {
        }
    ]
    $completions[$command]
}
