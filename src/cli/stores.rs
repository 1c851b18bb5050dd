//! Where what guests keep is kept: flags go before variables, variables before the manifest.

use std::path::PathBuf;

use mosaic::{manifest, project::Project, runtime::Stores};

use super::Failure;

/// Servers that keep what guests keep, and carry what they send.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Stores")]
pub struct StoreArgs {
    /// Folder to keep wasi:keyvalue and wasi:blobstore in; a project has one below .mosaic
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Server that keeps wasi:keyvalue instead; or `memory`, which is gone at the end
    #[arg(long, value_name = "redis://HOST[:PORT]", env = "MOSAIC_KV_STORE", hide_env_values = true)]
    kv_store: Option<String>,
    /// Server that keeps wasi:blobstore instead; its keys and endpoint are those of AWS_* variables
    #[arg(long, value_name = "s3://BUCKET[/PREFIX]", env = "MOSAIC_BLOB_STORE", hide_env_values = true)]
    blob_store: Option<String>,
    /// Server that carries wasi:messaging instead
    #[arg(long, value_name = "nats://HOST[:PORT]", env = "MOSAIC_MESSAGING", hide_env_values = true)]
    messaging: Option<String>,
}

impl StoreArgs {
    /// For a component file.
    pub fn stores(&self) -> Stores {
        let StoreArgs { data, kv_store, blob_store, messaging } = self.clone();
        Stores { data, keyvalue: kv_store, blobs: blob_store, messages: messaging }
    }

    /// For a project's app.
    pub fn over(&self, project: &Project) -> Result<Stores, Failure> {
        let said = |address: &Option<manifest::Spanned<String>>| address.as_ref().map(|address| address.value.clone());
        let manifest::Stores { keyvalue, blobstore, messaging } = &project.manifest.stores;
        let Stores { data, keyvalue: kv, blobs, messages } = self.stores();
        Ok(Stores {
            data: Some(data.map_or_else(|| data_of(project), Ok)?),
            keyvalue: kv.or_else(|| said(keyvalue)),
            blobs: blobs.or_else(|| said(blobstore)),
            messages: messages.or_else(|| said(messaging)),
        })
    }
}

/// Where a project keeps the data of wasi:keyvalue: beside its sources, out of the way of `clean` and of git.
fn data_of(project: &Project) -> Result<PathBuf, Failure> {
    let own = project.root.join(".mosaic");
    let ignore = own.join(".gitignore");
    if !ignore.exists() {
        super::app::write(&ignore, b"*\n")?;
    }
    Ok(own.join("data"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_before_the_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("mosaic.toml");
        let text = "[app]\nname = \"a:b\"\n[stores]\nkeyvalue = \"redis://db\"\nmessaging = \"nats://broker\"\n";
        std::fs::write(&manifest, text).unwrap();
        let project = Project::load(&manifest, None).unwrap();
        let flags = StoreArgs { kv_store: Some("redis://other".into()), ..StoreArgs::default() };
        let stores = flags.over(&project).unwrap();
        assert_eq!(stores.data, Some(project.root.join(".mosaic/data")));
        assert_eq!(stores.keyvalue.as_deref(), Some("redis://other"));
        assert_eq!((stores.blobs, stores.messages.as_deref()), (None, Some("nats://broker")));
        let data = Some(folder.path().join("elsewhere"));
        assert_eq!(StoreArgs { data: data.clone(), ..StoreArgs::default() }.over(&project).unwrap().data, data);
    }
}
