//! Calls as no library would send them.

use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use testkit::{People, Setting};
use tokio::net::TcpStream;
use tonic::Status;

/// The path of a counting call.
pub(crate) const COUNT: &str = "/baton.handoff.v1.DirectoryService/CreateTeam";

/// A message in the frame that gRPC puts around it.
pub(crate) fn framed(message: &impl Message) -> Vec<u8> {
    frame(&message.encode_to_vec())
}

/// Bytes in the frame that gRPC puts around a message.
pub(crate) fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(bytes.len()).expect("a small message"));
    frame.put_slice(bytes);
    frame.to_vec()
}

/// Sends one call with a good token and returns the server's own words: a gRPC client's time-out would add its own.
pub(crate) async fn call(
    setting: &Setting,
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Status {
    let token = setting.issuer().token(&People::Anna.claims());
    let tcp = TcpStream::connect(address).await.expect("the service listens");
    let (mut client, connection) = h2::client::handshake(tcp).await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    let mut request = http::Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (response, mut stream) =
        client.send_request(request.body(()).expect("a request"), false).expect("the stream is open");
    stream.send_data(Bytes::copy_from_slice(body), true).expect("the body is sent");
    let (head, mut body) = response.await.expect("an answer").into_parts();
    if let Some(status) = Status::from_header_map(&head.headers) {
        return status;
    }
    while let Some(data) = body.data().await {
        let length = data.expect("data").len();
        body.flow_control().release_capacity(length).expect("the window is ours");
    }
    let trailers = body.trailers().await.expect("the answer ends in good order").expect("with a status");
    Status::from_header_map(&trailers).expect("of gRPC")
}
