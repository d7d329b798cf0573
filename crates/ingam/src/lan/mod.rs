//! `ingam demo --lan`: the same program over TLS on the local network, for a real phone, since browsers give their
//! camera only to secure pages. A certificate authority is made here, on this machine, and kept in the demo's folder;
//! the phone is told how to trust it and how to stop trusting it. Refuses to be more than that: the authority can
//! vouch for addresses of private networks only (RFC 5280 §4.2.1.10), and live builds leave all of this out.

mod listener;
mod trust;

use crate::given::MachineClock;
use jiff::Timestamp;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

pub use listener::{Tls, serve};

/// How it is called on the phone.
const NAME: &str = "ingam demo on this network";
/// How long a phone has to trust the authority before a new one is made, in days.
const AUTHORITY_DAYS: i64 = 730;
/// The server's certificate is made anew at each start. Apple refuses those of more than 825 days.
const SERVER_DAYS: i64 = 90;
/// Private networks (RFC 1918), this machine, and link-local addresses (RFC 3927).
const PRIVATE: [([u8; 4], u8); 5] = [
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
];

/// What is served on the local network.
pub struct Lan {
    /// `https://` and this machine's address there.
    pub base_url: String,
    /// The pages' listener.
    pub tls: Tls,
    /// Tells a phone how to trust the authority.
    help: TcpListener,
    help_url: String,
    authority: Authority,
}

/// The authority's certificate, as phones take it.
#[derive(Clone)]
struct Authority {
    der: Vec<u8>,
    /// SHA-256 of the certificate, in pairs of hex digits.
    fingerprint: String,
}

impl Lan {
    /// Makes or finds the authority in `dir`, and listens beside `home`: pages one port above, help two above.
    ///
    /// # Errors
    /// In words for the person who started it.
    pub async fn open(dir: &Path, home: SocketAddr, clock: &MachineClock) -> Result<Self, String> {
        let ip = own_address();
        let (authority, config) = certificates(dir, ip, clock.now())?;
        let beside = |n: u16| {
            // Port 0 is whichever is free, there and here.
            let port = if home.port() == 0 { Some(0) } else { home.port().checked_add(n) };
            let port = port.ok_or("--lan: listen on a lower port, it takes the two above as well")?;
            Ok::<_, String>(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
        };
        let bind = async |address: SocketAddr| {
            TcpListener::bind(address).await.map_err(|e| format!("--lan: cannot listen on {address}: {e}"))
        };
        let (pages, help) = (bind(beside(1)?).await?, bind(beside(2)?).await?);
        let port = |of: &TcpListener| of.local_addr().map(|a| a.port()).map_err(|e| e.to_string());
        Ok(Self {
            base_url: format!("https://{ip}:{}", port(&pages)?),
            help_url: format!("http://{ip}:{}/", port(&help)?),
            tls: Tls::new(pages, Arc::new(config)),
            help,
            authority,
        })
    }

    /// Serves the help in the background; answers what is to be printed and the listener of the pages.
    pub fn begin(self) -> (String, Tls) {
        let Self { base_url, tls, help, help_url, authority } = self;
        let said = format!(
            "  phone        {help_url}\n\
             {}\n\
             \x20              open it on a phone in the same network: it says how to trust the authority made here\n\
             \x20              (SHA-256 {}),\n\
             \x20              how to remove it again, and leads to {base_url}/studio",
            picture(&help_url),
            authority.fingerprint
        );
        tokio::spawn(trust::serve(help, authority, format!("{base_url}/studio")));
        (said, tls)
    }
}

/// A QR code in letters, moved in under the other lines.
fn picture(of: &str) -> String {
    let Ok(code) = QrCode::new(of) else { return String::new() };
    let text = code.render::<Dense1x2>().quiet_zone(true).build();
    text.lines().map(|line| format!("               {line}")).collect::<Vec<_>>().join("\n")
}

/// The address under which this machine would be seen outside. Asks the routing table; nothing is sent.
fn own_address() -> IpAddr {
    let found = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        // An address of RFC 5737's documentation block: routed like any other, and nobody's.
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    found.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}

fn certificates(dir: &Path, ip: IpAddr, now: Timestamp) -> Result<(Authority, ServerConfig), String> {
    let failed = |e: rcgen::Error| format!("--lan: {e}");
    let (key, der) = authority(dir, ip, now)?;
    let issuer = Issuer::new(authority_params(ip, now).map_err(failed)?, key);
    let server_key = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = named("ingam demo");
    params.subject_alt_names = vec![SanType::IpAddress(ip)];
    if ip != IpAddr::V4(Ipv4Addr::LOCALHOST) {
        params.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (day(now, -1), day(now, SERVER_DAYS));
    let server = params.signed_by(&server_key, &issuer).map_err(failed)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("--lan: {e}"))?
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone(), CertificateDer::from(der.clone())], key)
        .map_err(|e| format!("--lan: {e}"))?;
    let hash = ::aws_lc_rs::digest::digest(&::aws_lc_rs::digest::SHA256, &der);
    let pairs: Vec<String> = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    Ok((Authority { der, fingerprint: pairs.join(":") }, config))
}

/// The authority's key and certificate: those of an earlier start, so that a phone need not trust again.
fn authority(dir: &Path, ip: IpAddr, now: Timestamp) -> Result<(KeyPair, Vec<u8>), String> {
    let dir = dir.join("lan");
    let (key_file, der_file) = (dir.join("authority.key"), dir.join("authority.cer"));
    let known = || {
        let made = std::fs::metadata(&der_file).ok()?.modified().ok()?;
        let age = now.duration_since(Timestamp::try_from(made).ok()?).as_hours() / 24;
        let key = KeyPair::from_pem(&std::fs::read_to_string(&key_file).ok()?).ok()?;
        (age + SERVER_DAYS < AUTHORITY_DAYS).then_some((key, std::fs::read(&der_file).ok()?))
    };
    // One that was made for a public address vouches for that one alone; this machine may have another by now.
    if is_private(ip)
        && let Some(known) = known()
    {
        return Ok(known);
    }
    let failed = |e: rcgen::Error| format!("--lan: {e}");
    let key = KeyPair::generate().map_err(failed)?;
    let certificate =
        authority_params(ip, now).and_then(|params| params.self_signed(&key)).map_err(failed)?;
    let der = certificate.der().to_vec();
    let kept = std::fs::create_dir_all(&dir)
        .and_then(|()| write(&key_file, key.serialize_pem().as_bytes()))
        .and_then(|()| write(&der_file, &der));
    kept.map_err(|e| format!("{}: {e}", dir.display()))?;
    Ok((key, der))
}

/// Only its owner may read it: whoever has the key can vouch for any address of a private network to that phone.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(bytes)
}

fn is_private(ip: IpAddr) -> bool {
    let IpAddr::V4(ip) = ip else { return false };
    PRIVATE.iter().any(|(net, bits)| {
        let mask = u32::MAX << (32 - bits);
        u32::from(ip) & mask == u32::from_be_bytes(*net)
    })
}

fn authority_params(ip: IpAddr, now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut permitted: Vec<GeneralSubtree> = PRIVATE
        .iter()
        .map(|(net, bits)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(IpAddr::from(*net), *bits)))
        .collect();
    // A machine whose network uses public addresses: this one and no other.
    permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(
        ip,
        if ip.is_ipv4() { 32 } else { 128 },
    )));
    let mut params = CertificateParams::default();
    params.distinguished_name = named(NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: vec![] });
    (params.not_before, params.not_after) = (day(now, -1), day(now, AUTHORITY_DAYS));
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// So many days from now, as `rcgen` takes it.
fn day<T: From<std::time::SystemTime>>(now: Timestamp, days: i64) -> T {
    let then = now.as_second() + days * 24 * 3600;
    (std::time::UNIX_EPOCH + Duration::from_secs(then.unsigned_abs())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_kept_for_its_owner_alone_and_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let clock = MachineClock::default();
        let ip = IpAddr::from([192, 168, 0, 7]);
        let (first, _) = certificates(dir.path(), ip, clock.now()).unwrap();
        let (again, _) = certificates(dir.path(), IpAddr::from([192, 168, 0, 8]), clock.now()).unwrap();
        assert_eq!(first.fingerprint, again.fingerprint);
        assert_eq!(first.fingerprint.len(), 32 * 3 - 1);
        for (ip, private) in [([172, 31, 0, 1], true), ([172, 32, 0, 1], false), ([192, 0, 2, 2], false)] {
            assert_eq!(is_private(ip.into()), private, "{ip:?}");
        }
        let late = clock.now() + jiff::SignedDuration::from_hours(24 * (AUTHORITY_DAYS - SERVER_DAYS));
        let (later, _) = certificates(dir.path(), ip, late).unwrap();
        assert_ne!(first.fingerprint, later.fingerprint, "it would run out before the server's");
        #[cfg(unix)]
        {
            let file = std::fs::metadata(dir.path().join("lan/authority.key")).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn a_page_is_reached_by_who_trusts_the_authority_and_by_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let home = SocketAddr::from(([127, 0, 0, 1], 0));
        let lan = Lan::open(dir.path(), home, &MachineClock::default()).await.unwrap();
        let (port, help) = (lan.tls.port().unwrap(), lan.help.local_addr().unwrap().port());
        let (said, tls) = lan.begin();
        assert!(said.contains("/studio") && said.contains('█'), "{said}");
        let router = axum::Router::new().route("/", axum::routing::get(|| async { "here" }));
        tokio::spawn(serve(tls, router, std::future::pending()));

        let plain = reqwest::Client::builder().no_proxy();
        let page = plain.build().unwrap().get(format!("http://127.0.0.1:{help}/")).send().await.unwrap();
        assert!(page.text().await.unwrap().contains("SHA-256"));
        let der = reqwest::get(format!("http://127.0.0.1:{help}/ingam-demo.cer")).await.unwrap();
        assert_eq!(der.headers()["content-type"], "application/x-x509-ca-cert");
        let der = der.bytes().await.unwrap();

        let url = format!("https://127.0.0.1:{port}/");
        let trusting = reqwest::Client::builder()
            .no_proxy()
            .add_root_certificate(reqwest::Certificate::from_der(&der).unwrap())
            .build()
            .unwrap();
        assert_eq!(trusting.get(&url).send().await.unwrap().text().await.unwrap(), "here");
        let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
        assert!(stranger.get(&url).send().await.unwrap_err().is_connect());
    }
}
