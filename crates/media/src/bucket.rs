//! A bucket of an S3 server, and in it the recordings.
//!
//! Whatever speaks S3 will do: Amazon's own, MinIO, R2, Ceph. An object's name is the recording's, behind the bucket's
//! prefix; its SHA-256 goes along, checked by the server as it comes in and kept beside it. Nothing is tried again here:
//! whoever waits decides for how long.

use crate::RecordingName;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path as Place;
use object_store::{
    Attribute, Attributes, ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, RetryConfig,
};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;
use thiserror::Error;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// A larger file goes in parts of this size.
const PART_BYTES: u64 = 16 << 20;
/// How long the server may take to answer, or to go on.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);
/// Of an answer that nobody understands, so much is told.
const TOLD_CHARS: usize = 240;

/// How the bucket is named in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// As a part of the host: `https://bucket.host/name`.
    Host,
    /// As the first part of the path: `https://host/bucket/name`.
    Path,
}

/// Where a bucket is, and what opens it. Its secret does not print.
#[derive(Clone, Debug)]
pub struct BucketAddress {
    /// The bucket.
    pub bucket: String,
    /// What all names in it begin with; empty if nothing.
    pub prefix: String,
    /// The server; Amazon's own if absent.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The key's id with its secret; what the machine itself may do, if absent.
    pub key: Option<(String, SecretString)>,
    /// How the bucket is named in addresses.
    pub addressing: Addressing,
}

impl BucketAddress {
    /// Reads `s3://bucket` or `s3://bucket/prefix`: bucket and prefix.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<(String, String), BadBucket> {
        let rest = text.strip_prefix("s3://").ok_or(BadBucket::Scheme)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let letters = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.');
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(letters) {
            return Err(BadBucket::Bucket);
        }
        let prefix = prefix.trim_matches('/');
        let fine = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
        };
        if !prefix.is_empty() && !prefix.split('/').all(fine) {
            return Err(BadBucket::Prefix);
        }
        Ok((bucket.to_owned(), prefix.to_owned()))
    }
}

impl fmt::Display for BucketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, " at {endpoint}"),
            None => write!(f, " in {}", self.region),
        }
    }
}

/// What is wrong with a bucket's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadBucket {
    /// It does not begin with `s3://`.
    #[error("it does not begin with s3://")]
    Scheme,
    /// The bucket's name.
    #[error("a bucket has 3 to 63 small letters, digits, dots and dashes")]
    Bucket,
    /// The prefix.
    #[error("behind the bucket stand letters, digits, dots, dashes, underlines and slashes")]
    Prefix,
}

/// Why a bucket did not do what it was asked.
#[derive(Debug, Error)]
pub enum BucketError {
    /// It can't be asked at all.
    #[error("the bucket's address can't be used: {0}")]
    Address(String),
    /// The key opens nothing there, or not this.
    #[error("the bucket refuses the key")]
    Refused,
    /// There is no such bucket.
    #[error("there is no such bucket")]
    NoBucket,
    /// It does not answer, or not what is understood.
    #[error("the bucket can't be reached: {0}")]
    Away(String),
    /// The file that was to go there.
    #[error("the file can't be read: {0}")]
    File(#[from] io::Error),
}

impl BucketError {
    fn of(error: &object_store::Error) -> Self {
        use object_store::Error;
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Self::Refused,
            Error::NotFound { .. } => Self::NoBucket,
            other => {
                // What the server wrote may quote what was signed: its words end where a body begins.
                let words = other.to_string();
                // A list that is refused, or of no bucket, comes as any other failure.
                if words.contains("status code: 403") || words.contains("status code: 401") {
                    return Self::Refused;
                }
                if words.contains("NoSuchBucket") {
                    return Self::NoBucket;
                }
                let words = words.split(['<', '{']).next().unwrap_or_default();
                Self::Away(words.chars().take(TOLD_CHARS).collect::<String>().trim_end().to_owned())
            }
        }
    }
}

/// What a bucket says of one recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InBucket {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 in hex, as it was when it came; `None` if somebody else put it there.
    pub sha256: Option<String>,
}

/// An open bucket. Cheap to clone; opening asks nobody.
#[derive(Clone, Debug)]
pub struct Bucket {
    server: AmazonS3,
    prefix: String,
    name: String,
}

impl Bucket {
    /// Opens it.
    ///
    /// # Errors
    /// [`BucketError::Address`].
    pub fn open(address: &BucketAddress) -> Result<Self, BucketError> {
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_read_timeout(PATIENCE)
            .with_connect_timeout(CONNECT)
            .with_http1_only()
            .with_allow_http(address.endpoint.as_ref().is_some_and(|at| at.starts_with("http://")));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&address.bucket)
            .with_region(&address.region)
            .with_virtual_hosted_style_request(address.addressing == Addressing::Host)
            .with_checksum_algorithm(Checksum::SHA256)
            .with_retry(RetryConfig { max_retries: 0, retry_timeout: PATIENCE, ..RetryConfig::default() })
            .with_client_options(client);
        if let Some(endpoint) = &address.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some((id, secret)) = &address.key {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret.expose_secret());
        }
        let server = builder.build().map_err(|error| BucketError::Address(error.to_string()))?;
        Ok(Self { server, prefix: address.prefix.clone(), name: address.to_string() })
    }

    /// Where it is, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn place(&self, name: &RecordingName) -> Place {
        Place::from(format!("{}/{}", self.prefix, name.file()))
    }

    /// Puts a complete file of this checksum there; one that is there already is replaced.
    ///
    /// # Errors
    /// It is not, or not surely, there; or the file can't be read.
    pub async fn put(&self, name: &RecordingName, path: &Path, sha256: &str) -> Result<(), BucketError> {
        let mut file = File::open(path).await?;
        let length = file.metadata().await?.len();
        let attributes: Attributes = [
            (Attribute::ContentType, "audio/wav".to_owned()),
            (Attribute::Metadata("sha256".into()), sha256.to_owned()),
        ]
        .into_iter()
        .collect();
        let place = self.place(name);
        if length <= PART_BYTES {
            let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
            file.take(length).read_to_end(&mut content).await?;
            let options = PutOptions { attributes, ..PutOptions::default() };
            let put = self.server.put_opts(&place, content.into(), options).await;
            return put.map(drop).map_err(|error| BucketError::of(&error));
        }
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let mut upload =
            self.server.put_multipart_opts(&place, options).await.map_err(|error| BucketError::of(&error))?;
        let done = async {
            loop {
                let mut part = Vec::new();
                (&mut file).take(PART_BYTES).read_to_end(&mut part).await?;
                if part.is_empty() {
                    break;
                }
                upload.put_part(part.into()).await.map_err(|error| BucketError::of(&error))?;
            }
            upload.complete().await.map(drop).map_err(|error| BucketError::of(&error))
        };
        let done = done.await;
        if done.is_err() {
            // What is left of it costs its owner until the bucket's own rule removes it.
            let _ = upload.abort().await;
        }
        done
    }

    /// What the bucket has of it, if anything.
    ///
    /// # Errors
    /// It can't be asked.
    pub async fn look(&self, name: &RecordingName) -> Result<Option<InBucket>, BucketError> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        match self.server.get_opts(&self.place(name), options).await {
            Ok(found) => {
                let sha256 = found.attributes.get(&Attribute::Metadata("sha256".into()));
                Ok(Some(InBucket {
                    bytes: found.meta.size,
                    sha256: sha256.map(|hex| hex.as_ref().to_owned()),
                }))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(BucketError::of(&error)),
        }
    }

    /// Reads a part of it, as it comes; `None` if it is not there.
    ///
    /// # Errors
    /// It can't be asked.
    pub async fn read(
        &self,
        name: &RecordingName,
        bytes: Range<u64>,
    ) -> Result<Option<BoxStream<'static, io::Result<Bytes>>>, BucketError> {
        let options = GetOptions { range: Some(GetRange::Bounded(bytes)), ..GetOptions::default() };
        match self.server.get_opts(&self.place(name), options).await {
            Ok(found) => {
                let pieces = found.into_stream();
                Ok(Some(pieces.map(|piece| piece.map_err(io::Error::other)).boxed()))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(BucketError::of(&error)),
        }
    }

    /// Removes it; its length, if it was there.
    ///
    /// # Errors
    /// It may still be there.
    pub async fn remove(&self, name: &RecordingName) -> Result<Option<u64>, BucketError> {
        let Some(found) = self.look(name).await? else { return Ok(None) };
        match self.server.delete(&self.place(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(Some(found.bytes)),
            Err(error) => Err(BucketError::of(&error)),
        }
    }

    /// Whether it is there and opens.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self) -> Result<(), BucketError> {
        let place = Place::from(self.prefix.as_str());
        match self.server.list(Some(&place)).next().await {
            Some(Err(error)) => Err(BucketError::of(&error)),
            Some(Ok(_)) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_named_with_or_without_a_prefix() {
        let parsed = |text: &str| BucketAddress::parse(text).unwrap();
        assert_eq!(parsed("s3://calls"), ("calls".to_owned(), String::new()));
        assert_eq!(parsed("s3://calls.eu-1/a/b_c/"), ("calls.eu-1".to_owned(), "a/b_c".to_owned()));
        for (wrong, why) in [
            ("calls", BadBucket::Scheme),
            ("https://calls", BadBucket::Scheme),
            ("s3://", BadBucket::Bucket),
            ("s3://Calls", BadBucket::Bucket),
            ("s3://key:secret@calls", BadBucket::Bucket),
            ("s3://calls/a//b", BadBucket::Prefix),
            ("s3://calls/../b", BadBucket::Prefix),
            ("s3://calls/a?b", BadBucket::Prefix),
        ] {
            assert_eq!(BucketAddress::parse(wrong), Err(why), "{wrong}");
        }
    }

    #[test]
    fn its_secret_does_not_print() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let address = BucketAddress {
            bucket: "calls".to_owned(),
            prefix: "a".to_owned(),
            endpoint: None,
            region: "eu-central-1".to_owned(),
            key: Some(("AKIA1".to_owned(), "hush-hush".to_owned().into())),
            addressing: Addressing::Host,
        };
        let bucket = Bucket::open(&address).unwrap();
        for shown in [format!("{address:?}"), address.to_string(), format!("{bucket:?}")] {
            assert!(!shown.contains("hush-hush"), "{shown}");
        }
        assert_eq!(bucket.name(), "s3://calls/a in eu-central-1");
    }
}
