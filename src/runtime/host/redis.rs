//! Buckets in Redis: one hash for each bucket, of its name.
//!
//! One connection serves all, made when it is first needed and anew when it breaks. What a change does it does whole: each
//! is one command, or one script. What survives that server's death is for its own settings to say.

use std::time::Duration;

use ::redis::{
    Client, Cmd, FromRedisValue, RedisError, RedisResult, Value,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cmd,
};
use tokio::sync::OnceCell;

use crate::runtime::{error::Error, stores::hidden};

use super::{
    buckets::{Cursor, Keys},
    store::{Change, StoreError, Write, Written},
};

/// For the server to be reached, and for each answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keys told at once, more or less.
const PAGE: usize = 1000;

/// Sets a field if it still is what it was, else gives what it is. The last argument is left out where there was nothing.
const SWAP: &str = "
local is = redis.call('HGET', KEYS[1], ARGV[1])
if is == (ARGV[3] or false) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  return 1
end
return {is}";

/// All buckets of a server.
pub(in crate::runtime) struct Redis {
    client: Client,
    connection: OnceCell<ConnectionManager>,
}

impl Redis {
    /// Errors where the address is none, or nobody answers there.
    pub fn open(address: &str) -> Result<Redis, Error> {
        let unusable = |source: RedisError| Error::Backend { address: hidden(address), why: source.to_string() };
        let client = Client::open(address).map_err(unusable)?;
        let mut connection = client.get_connection_with_timeout(PATIENCE).map_err(unusable)?;
        cmd("PING").query::<Value>(&mut connection).map_err(unusable)?;
        Ok(Redis { client, connection: OnceCell::new() })
    }

    pub async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.ask(cmd("HGET").arg(bucket).arg(key)).await?)
    }

    pub async fn exists(&self, bucket: &str, key: &str) -> Result<bool, StoreError> {
        Ok(self.ask(cmd("HEXISTS").arg(bucket).arg(key)).await?)
    }

    pub async fn get_many(&self, bucket: &str, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.ask(cmd("HMGET").arg(bucket).arg(keys)).await?)
    }

    /// Keys in no order, some of them twice where others change meanwhile.
    pub async fn keys(&self, bucket: &str, after: Option<Cursor>) -> Result<Keys, StoreError> {
        let after = match after {
            None => 0,
            Some(Cursor::Count(count)) => count,
            Some(Cursor::Text(text)) => text.parse().map_err(|_| StoreError::NoCursor(text))?,
        };
        let (next, fields): (u64, Vec<(String, Value)>) =
            self.ask(cmd("HSCAN").arg(bucket).arg(after).arg("COUNT").arg(PAGE)).await?;
        let keys = fields.into_iter().map(|(key, _)| key).collect();
        Ok(Keys { keys, next: (next > 0).then_some(Cursor::Count(next)) })
    }

    pub async fn write(&self, Write { bucket, change }: Write) -> Result<Written, StoreError> {
        match change {
            Change::Set(pairs) if pairs.is_empty() => {}
            Change::Set(pairs) => {
                let mut set = cmd("HSET");
                set.arg(bucket);
                for (key, value) in &pairs {
                    set.arg(key).arg(value.as_slice());
                }
                self.ask::<Value>(&set).await?;
            }
            Change::Delete(keys) if keys.is_empty() => {}
            Change::Delete(keys) => drop(self.ask::<Value>(cmd("HDEL").arg(bucket).arg(keys)).await?),
            Change::Increment { key, delta } => {
                let sum = self.ask(cmd("HINCRBY").arg(bucket).arg(&key).arg(delta)).await;
                return sum.map(Written::Number).map_err(|error| match error.detail() {
                    Some(why) if why.contains("overflow") => StoreError::Overflow(key),
                    Some(why) if why.contains("not an integer") => StoreError::NotANumber(key),
                    _ => error.into(),
                });
            }
            Change::Swap { key, was, value } => {
                let mut swap = cmd("EVAL");
                swap.arg(SWAP).arg(1).arg(bucket).arg(&key).arg(value.as_slice());
                if let Some(was) = &was {
                    swap.arg(was.as_slice());
                }
                match self.ask(&swap).await? {
                    Value::Array(is) => {
                        let is = is.into_iter().next().unwrap_or(Value::Nil);
                        let is = Option::<Vec<u8>>::from_redis_value(is).map_err(RedisError::from)?;
                        return Ok(Written::Changed(is));
                    }
                    _ => return Ok(Written::Done),
                }
            }
        }
        Ok(Written::Done)
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let connect = || async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE))
                .set_number_of_retries(2);
            ConnectionManager::new_with_config(self.client.clone(), config).await
        };
        let mut connection = self.connection.get_or_try_init(connect).await?.clone();
        command.query_async(&mut connection).await
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> StoreError {
        StoreError::Disk(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::servers::Server, *};

    /// What [`super::super::store`] promises of the disk.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_keeps_what_the_disk_would() {
        let server = Server::redis();
        let redis = tokio::task::block_in_place(|| Redis::open(&format!("redis://{}", server.address)).unwrap());
        let write = async |bucket: &str, change| redis.write(Write { bucket: bucket.to_owned(), change }).await;
        let value = |text: &str| Some(text.as_bytes().to_vec());
        let pairs = |pairs: &[(&str, &str)]| {
            Change::Set(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect())
        };
        assert_eq!(redis.get("b", "k").await, Ok(None));
        write("b", pairs(&[("k", "v"), ("bytes", "\0\r\n")])).await.unwrap();
        write("other", pairs(&[("k", "w")])).await.unwrap();
        assert_eq!(redis.get("b", "bytes").await, Ok(value("\0\r\n")));
        let keys = ["k".to_owned(), "none".to_owned()];
        assert_eq!(redis.get_many("b", &keys).await, Ok(vec![value("v"), None]));
        assert_eq!(redis.get_many("b", &[]).await, Ok(vec![]));
        assert_eq!(write("b", Change::Delete(keys.into())).await, Ok(Written::Done));
        assert_eq!((redis.exists("b", "k").await, redis.exists("other", "k").await), (Ok(false), Ok(true)));

        let add = |key: &str, delta| Change::Increment { key: key.to_owned(), delta };
        assert_eq!(write("b", add("n", 2)).await, Ok(Written::Number(2)));
        assert_eq!(write("b", add("n", -5)).await, Ok(Written::Number(-3)));
        write("b", add("n", i64::MAX)).await.unwrap();
        assert_eq!(write("b", add("n", i64::MAX)).await, Err(StoreError::Overflow("n".into())));
        write("b", pairs(&[("text", "abc")])).await.unwrap();
        assert_eq!(write("b", add("text", 1)).await, Err(StoreError::NotANumber("text".into())));

        let swap = |was: Option<&str>, text: &str| Change::Swap {
            key: "s".to_owned(),
            was: was.map(|was| was.as_bytes().to_vec()),
            value: text.as_bytes().to_vec(),
        };
        assert_eq!(write("b", swap(None, "1")).await, Ok(Written::Done));
        assert_eq!(write("b", swap(None, "2")).await, Ok(Written::Changed(value("1"))));
        assert_eq!(write("b", swap(Some("1"), "2")).await, Ok(Written::Done));
        assert_eq!(write("none", swap(Some("1"), "2")).await, Ok(Written::Changed(None)));

        let many: Vec<String> = (0..5 * PAGE).map(|n| format!("key {n}")).collect();
        write("many", Change::Set(many.iter().map(|key| (key.clone(), Vec::new())).collect())).await.unwrap();
        let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let keys = redis.keys("many", after).await.unwrap();
            found.extend(keys.keys);
            pages += 1;
            // A guest of either draft hands back what it was given, as a number or as text.
            after = match keys.next {
                Some(Cursor::Count(count)) if pages % 2 == 0 => Some(Cursor::Text(count.to_string())),
                next => next,
            };
            if after.is_none() {
                break;
            }
        }
        found.sort();
        found.dedup();
        assert!(found.len() == many.len() && pages > 1, "{} of {} in {pages}", found.len(), many.len());
        assert!(redis.keys("many", Some(Cursor::Text("x".into()))).await.is_err());
        assert_eq!(redis.keys("nothing", None).await, Ok(Keys { keys: vec![], next: None }));
        tokio::task::block_in_place(|| drop(server));
        assert!(matches!(redis.get("b", "k").await, Err(StoreError::Disk(_))));
    }

    #[test]
    fn what_cannot_be_reached_is_told() {
        for address in ["redis://127.0.0.1:1", "nonsense"] {
            assert!(matches!(Redis::open(address), Err(Error::Backend { .. })), "{address}");
        }
    }
}
