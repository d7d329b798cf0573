//! An institution that gives tokens, and answers everything else with the bytes that are set.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Gives tokens, and answers everything else with the bytes that are set: as a body, or as the whole answer.
#[derive(Clone, Default)]
pub struct Strange(pub Arc<Mutex<Vec<u8>>>);

impl Strange {
    pub async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let strange = self.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let strange = strange.clone();
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !whole(&request) {
                        let mut piece = [0; 4_096];
                        match stream.read(&mut piece).await {
                            Ok(0) | Err(_) => return,
                            Ok(many) => request.extend_from_slice(&piece[..many]),
                        }
                    }
                    let answer = token(&request).unwrap_or_else(|| strange.0.lock().unwrap().clone());
                    let _ = stream.write_all(&answer).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        url
    }
}

/// A token where one is asked for, in everybody's words; only RFC 6749 wants a number in place of a text.
fn token(request: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(request);
    let (line, _) = text.split_once("\r\n")?;
    if !line.contains("/oauth/") {
        return None;
    }
    let ends = if line.contains("/koroad/") { "9999" } else { "\"9999\"" };
    Some(http(200, format!(r#"{{"access_token":"t","jwt":"t","expires_in":{ends}}}"#).as_bytes()))
}

pub fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap_or(0));
    request.len() >= head.len() + 4 + length
}

pub fn http(status: u16, body: &[u8]) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())
            .into_bytes();
    answer.extend_from_slice(body);
    answer
}
