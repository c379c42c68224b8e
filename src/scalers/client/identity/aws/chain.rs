//! The default chain: variables, a web identity, a profile, a container's server, a machine's server. The first that is set up is it;
//! one that is set up and fails is an error, for the next would be another identity.

use jiff::Timestamp;

use super::{Credentials, Expiring, Identities, checked};
use crate::api::Secret;
use crate::scalers::ReadError;

/// What to do without any identity.
pub(super) const WAYS: &str = "sign in (aws sso login, aws configure), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

impl Identities {
    pub(super) async fn aws_chain(
        &self,
        region: &str,
        now: Timestamp,
    ) -> Result<Expiring<Credentials>, ReadError> {
        if let Some(found) = self.aws_environment(now)? {
            return Ok(found);
        }
        let variable = |name| self.surroundings.variable(name);
        if let (Some(token), Some(role)) = (
            self.aws_web_identity_token().await?,
            variable("AWS_ROLE_ARN"),
        ) {
            let session = variable("AWS_ROLE_SESSION_NAME");
            let session = session.as_deref().unwrap_or(super::SESSION);
            return self
                .sts_web_identity(&role, session, &token, region, now)
                .await;
        }
        if let Some(found) = self.aws_profile(region, now).await? {
            return Ok(found);
        }
        if let Some(found) = self.aws_container(now).await? {
            return Ok(found);
        }
        self.aws_machine(now).await
    }

    /// `AWS_ACCESS_KEY_ID` and what goes with it.
    pub(super) fn aws_environment(
        &self,
        now: Timestamp,
    ) -> Result<Option<Expiring<Credentials>>, ReadError> {
        let variable = |name| self.surroundings.variable(name);
        match (
            variable("AWS_ACCESS_KEY_ID"),
            variable("AWS_SECRET_ACCESS_KEY"),
        ) {
            (None, None) => Ok(None),
            (Some(key), Some(secret)) => {
                let token = variable("AWS_SESSION_TOKEN").unwrap_or_default();
                checked(key.trim(), secret.trim(), token.trim(), None, now)
                    .map(Some)
                    .map_err(|error| ReadError::new(format!("AWS_ACCESS_KEY_ID {error}")))
            }
            (Some(_), None) => Err(ReadError::new(
                "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY",
            )),
            (None, Some(_)) => Err(ReadError::new(
                "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID",
            )),
        }
    }

    /// The token in the file of `AWS_WEB_IDENTITY_TOKEN_FILE`.
    pub(super) async fn aws_web_identity_token(&self) -> Result<Option<Secret<String>>, ReadError> {
        match self.surroundings.variable("AWS_WEB_IDENTITY_TOKEN_FILE") {
            None => Ok(None),
            Some(file) => {
                self.token_of(&file).await.map(Some).map_err(|error| {
                    ReadError::new(format!("AWS_WEB_IDENTITY_TOKEN_FILE: {error}"))
                })
            }
        }
    }

    /// A file that holds nothing but a token.
    pub(super) async fn token_of(&self, file: &str) -> Result<Secret<String>, String> {
        let text = self
            .surroundings
            .file(&self.surroundings.path(file))
            .await?
            .ok_or_else(|| format!("{file} does not exist"))?;
        Ok(Secret::new(text.trim().to_owned()))
    }
}
