//! A wire to cut.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Forwards connections to somebody else until they are cut.
pub(crate) struct Proxy {
    address: SocketAddr,
    wires: Arc<Mutex<Wires>>,
}

struct Wires {
    open: Vec<TcpStream>,
    accepting: bool,
}

impl Proxy {
    pub(crate) fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let wires = Arc::new(Mutex::new(Wires {
            open: Vec::new(),
            accepting: true,
        }));
        let shared = Arc::clone(&wires);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(near), Ok(far)) = (stream, TcpStream::connect(target)) else {
                    return;
                };
                let mut wires = shared.lock().expect("not poisoned");
                if !wires.accepting {
                    return;
                }
                forward(&near, &far);
                forward(&far, &near);
                wires.open.extend([near, far]);
            }
        });
        Self { address, wires }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection there is.
    pub(crate) fn cut(&self) -> usize {
        let mut wires = self.wires.lock().expect("not poisoned");
        let cut = wires.open.len() / 2;
        for stream in wires.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        cut
    }

    /// Cuts every connection and lets no new one through.
    pub(crate) fn close(&self) {
        self.wires.lock().expect("not poisoned").accepting = false;
        // The listener is waiting for one more.
        let _ = TcpStream::connect(self.address);
        self.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.close();
    }
}

fn forward(from: &TcpStream, to: &TcpStream) {
    let mut from = from.try_clone().expect("a handle");
    let mut to = to.try_clone().expect("a handle");
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
