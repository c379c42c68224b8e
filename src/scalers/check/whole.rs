//! The trigger as a whole: whether its type is known to that KEDA, can be read, and has an effect.

use super::{Authentication, Checker};
use crate::api::{AuthenticationRef, Trigger};
use crate::diagnostic::{catalog, trigger_rules};
use crate::scalers::{Behaviour, Target};
use crate::scalers::{facts, trigger_type};

impl Checker<'_> {
    pub(super) fn whole(&mut self) {
        let is_there = self.version();
        let label = self.place.of_field("type");
        match self.kind.behaviour {
            // Where nothing else is left, that is the finding: see `never-active`.
            Behaviour::Skipped(_) if self.is_never_active() => {}
            Behaviour::Skipped(reason) => {
                let message = format!("{} has no effect: {reason}", self.kind.name);
                self.report(&catalog::SKIPPED_TRIGGER, message, label)
                    .help
                    .push("remove it".to_owned());
            }
            Behaviour::Unread if is_there => {
                let message = format!("keda-jobs cannot read {} triggers yet", self.kind.name);
                let help = "the trigger is left out of every plan; the other triggers of the object are read";
                self.report(&catalog::UNSUPPORTED_TRIGGER_TYPE, message, label)
                    .help
                    .push(help.to_owned());
            }
            Behaviour::Unread | Behaviour::Reads(_) => {}
        }
        if let (Authentication::Anything, Some(reference)) =
            (self.authentication, &self.trigger.authentication_ref)
            && !Authentication::is_defective(self.trigger, self.job, self.resources)
        {
            self.not_given(reference);
        }
    }

    /// Whether all triggers are skipped and no minimum keeps Jobs.
    fn is_never_active(&self) -> bool {
        let is_skipped = |trigger: &Trigger| {
            trigger_type(&trigger.kind)
                .is_some_and(|kind| matches!(kind.behaviour, Behaviour::Skipped(_)))
        };
        self.job.min_replica_count.unwrap_or(0) <= 0 && self.job.triggers.iter().all(is_skipped)
    }

    /// The authenticationRef names an object that is not among the files; perhaps one of the other kind or namespace is.
    fn not_given(&mut self, reference: &AuthenticationRef) {
        let label = self.place.of_field("authenticationRef");
        let kind = |cluster| {
            if cluster {
                "ClusterTriggerAuthentication"
            } else {
                "TriggerAuthentication"
            }
        };
        let (name, wanted) = (&reference.name, kind(reference.cluster));
        let message = format!("{wanted} {name:?} is in none of the given files");
        let near = self
            .resources
            .authentications
            .iter()
            .find(|candidate| candidate.name == *name)
            .map(|near| (near.cluster, near.namespace.clone()));
        let diagnostic = self.report(&trigger_rules::AUTHENTICATION_NOT_GIVEN, message, label);
        let help = match near {
            None => "give its file as well, so that its parameters are checked".to_owned(),
            Some((cluster, _)) if cluster != reference.cluster => format!(
                "a {} of that name is: write kind: {}",
                kind(cluster),
                kind(cluster)
            ),
            Some((_, namespace)) => format!(
                "one of that name is in namespace {}, where KEDA does not look for it",
                namespace.as_deref().unwrap_or("default")
            ),
        };
        diagnostic.help.push(help);
    }

    /// Whether that KEDA has the type.
    fn version(&mut self) -> bool {
        let (kind, version) = (self.kind, self.version);
        let label = self.place.of_field("type");
        if let Some((since, reason)) = kind.deprecated
            && version >= since
        {
            let message = format!("{} is deprecated: {reason}", kind.name);
            self.report(
                &trigger_rules::DEPRECATED_TRIGGER_TYPE,
                message,
                label.clone(),
            );
        }
        if version < kind.since {
            let message = format!(
                "KEDA {version} has no trigger type {:?}: it came with 2.{}",
                kind.name, kind.since.minor
            );
            self.report(&trigger_rules::TRIGGER_TYPE_VERSION, message, label);
            return false;
        }
        if let Some((dropped, instead)) = kind.dropped
            && version >= dropped
        {
            let message = format!(
                "KEDA {version} has no trigger type {:?}: it went with 2.{}",
                kind.name, dropped.minor
            );
            self.report(&trigger_rules::TRIGGER_TYPE_VERSION, message, label)
                .help
                .push(instead.to_owned());
            return false;
        }
        true
    }

    /// A target of 0 makes the trigger useless.
    pub(super) fn target(&mut self) {
        let kind = self.kind;
        if matches!(kind.behaviour, Behaviour::Skipped(_)) {
            return;
        }
        let name = match kind.target {
            Target::Parameter(names, _) => {
                // What is wrong with the parameter itself has been said.
                if names.iter().any(|name| self.missing.contains(name)) {
                    return;
                }
                names.iter().find(|name| self.given.has(name)).copied()
            }
            Target::Chosen(choose) => Some(choose(&self.given)),
            Target::Fixed(_) => None,
            Target::Unknown => return,
        };
        let Some(target) = facts::target(&self.given).filter(|target| *target <= 0.0) else {
            return;
        };
        let (message, label) = match (name, kind.target) {
            (Some(name), _) => (
                format!("{name} is {target}, so the trigger never starts a Job"),
                self.place.of_value(name),
            ),
            (None, Target::Parameter(names, _)) => (
                format!(
                    "{} is not given, so the trigger never starts a Job",
                    names[0]
                ),
                self.place.of_field("metadata"),
            ),
            (None, _) => (
                format!(
                    "{} never starts a Job: KEDA takes its target for 0 on a ScaledJob",
                    kind.name
                ),
                self.place.of_field("type"),
            ),
        };
        self.report(&trigger_rules::NO_TARGET, message, label);
    }
}
