// What is configured about hosts: which CA and client certificate each gets, and to which of them
// plain http or an unverified certificate may be spoken.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/registry/url.h"

namespace seatrial::registry {

struct Tls {
  bool verify = true;
  std::string authorities = {};  // PEM, beside those of the system; empty: the system's alone
  std::string certificate = {};  // path of the client's certificate and key; empty: none
  std::string key = {};
};

class Hosts {
 public:
  // `certs_dir` holds HOST[:PORT]/{ca.crt,client.cert,client.key}, as /etc/docker/certs.d does: any
  // *.crt is an authority, X.cert goes with X.key. `insecure` lists HOST or HOST:PORT.
  Hosts(std::filesystem::path certs_dir, std::vector<std::string> insecure);

  // Throws Error naming the file that cannot be read or lacks its other half.
  Tls tls(const Url& url) const;

  // Whether the host was declared insecure.
  bool is_insecure(const Url& url) const;

  // Whether certificates were given for the host: then it speaks TLS.
  bool has_certificates(std::string_view authority) const;

  // Throws Error{kDenied} unless the URL is https, or http to a loopback or insecure host.
  void check_allowed(const Url& url) const;

  // The same for a URL that the answer of `from` names: a step from https down to http goes to
  // declared hosts alone, so that no one on the way can move us to where he listens.
  void check_step(const Url& from, const Url& to) const;

 private:
  std::filesystem::path certs_dir_;
  std::vector<std::string> insecure_;
};

}  // namespace seatrial::registry
