//! `man`: the manual in roff.

use clap::CommandFactory;

use super::Context;
use crate::cli::{Cli, ManArgs};
use crate::error::{Error, ErrorKind, ExitStatus};

/// Prints one page.
pub fn execute(context: &mut Context<'_>, args: &ManArgs) -> Result<ExitStatus, Error> {
    let name = args.command.as_ref().map_or_else(
        || "keda-jobs".to_owned(),
        |verb| format!("keda-jobs-{verb}"),
    );
    let pages = pages()?;
    let Some((_, page)) = pages.iter().find(|(known, _)| *known == name) else {
        let verbs: Vec<&str> = pages
            .iter()
            .filter_map(|(page, _)| page.strip_prefix("keda-jobs-"))
            .collect();
        return Err(Error::new(
            ErrorKind::Usage,
            format!(
                "there is no command {:?}",
                args.command.as_deref().unwrap_or_default()
            ),
        )
        .hint(format!("the commands are {}", verbs.join(", "))));
    };
    context.print(page)?;
    Ok(ExitStatus::Success)
}

/// Every page, `keda-jobs` first, then one per command, by name without the section.
pub fn pages() -> Result<Vec<(String, String)>, Error> {
    let mut command = Cli::command();
    command.build();
    let mut pages = vec![("keda-jobs".to_owned(), render(command.clone())?)];
    for verb in command
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help")
    {
        let name = format!("keda-jobs-{}", verb.get_name());
        // clap shows `keda-jobs run` as the command's name in usage lines; a page's title has a dash.
        pages.push((name.clone(), render(verb.clone().display_name(name))?));
    }
    Ok(pages)
}

fn render(command: clap::Command) -> Result<String, Error> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
