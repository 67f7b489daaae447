#include "engine/registry/manifests.h"

#include "engine/image/hasher.h"
#include "engine/registry/fields.h"

namespace seatrial::registry {
namespace {

using spec::Digest;

HttpRequest manifest_request(std::string method, Session& session, const std::string& repository,
                             const std::string& name, const std::stop_token& stop) {
  namespace type = spec::media_type;
  HttpRequest request{.method = std::move(method),
                      .url = session.url(fmt::format("{}/manifests/{}", repository, name), stop),
                      .limit = spec::kManifestLimit};
  for (const std::string_view accepted :
       {type::kOciIndex, type::kOciManifest, type::kDockerList, type::kDockerManifest}) {
    request.fields.push_back(fmt::format("Accept: {}", accepted));
  }
  return request;
}

// "type/sub; charset=utf-8" without its parameters.
std::string content_type(const ResponseHead& head) {
  const std::string field = head.get("content-type");
  return field.substr(0, field.find_first_of("; \t"));
}

Digest digest_of(std::string_view bytes, Digest::Algorithm algorithm) {
  image::Hasher hasher(algorithm);
  hasher.update(std::as_bytes(std::span(bytes)));
  return hasher.finish();
}

void check_same(const Digest& wanted, std::string_view bytes, std::string_view who) {
  const Digest found = digest_of(bytes, wanted.algorithm());
  if (found != wanted) {
    throw error(Kind::kInvalidArgument, "its digest is {} where {} says {}", found.text(), who,
                wanted.text());
  }
}

// A digest as name of a manifest, as tags cannot look.
std::optional<Digest> as_digest(const std::string& name) {
  if (name.find(':') == name.npos) return std::nullopt;
  return Digest::parse(name);
}

Fetched checked(const HttpResponse& response, const std::string& name) {
  const std::optional<Digest> wanted = as_digest(name);
  if (wanted) check_same(*wanted, response.body, "the reference");
  const std::string claimed = response.head.get("docker-content-digest");
  if (!claimed.empty()) check_same(Digest::parse(claimed), response.body, "the registry");
  return {.descriptor = {.media_type = content_type(response.head),
                         .digest = wanted ? *wanted : image::digest_of(response.body),
                         .size = response.body.size()},
          .bytes = response.body};
}

}  // namespace

Fetched get_manifest(Session& session, const std::string& repository, const std::string& name,
                     const Scopes& scopes, const std::stop_token& stop) {
  return with_context(fmt::format("manifest {}", name), [&] {
    const HttpResponse response = session.send(
        manifest_request("GET", session, repository, name, stop), {.scopes = scopes}, stop);
    if (!response.broken.empty() || !response.head.is_success()) session.refuse(response, "GET");
    return checked(response, name);
  });
}

spec::Descriptor head_manifest(Session& session, const std::string& repository,
                               const std::string& name, const Scopes& scopes,
                               const std::stop_token& stop) {
  const HttpResponse response = with_context(fmt::format("manifest {}", name), [&] {
    return session.send(manifest_request("HEAD", session, repository, name, stop),
                        {.scopes = scopes}, stop);
  });
  const std::string digest = response.head.get("docker-content-digest");
  const auto size = parse_decimal(response.head.get("content-length"));
  if (!response.broken.empty() || !response.head.is_success() || digest.empty() || !size) {
    // Also for a refusal: only GET brings the error document.
    return get_manifest(session, repository, name, scopes, stop).descriptor;
  }
  return with_context(fmt::format("manifest {}", name), [&] {
    const Digest found = Digest::parse(digest);
    if (const auto wanted = as_digest(name); wanted && *wanted != found) {
      throw error(Kind::kInvalidArgument, "the registry names it {}", found.text());
    }
    return spec::Descriptor{
        .media_type = content_type(response.head), .digest = found, .size = *size};
  });
}

void put_manifest(Session& session, const std::string& repository, const std::string& name,
                  const Fetched& manifest, const Scopes& scopes, const std::stop_token& stop) {
  with_context(fmt::format("manifest {}", name), [&] {
    HttpRequest request{.method = "PUT",
                        .url = session.url(fmt::format("{}/manifests/{}", repository, name), stop),
                        .fields = {fmt::format("Content-Type: {}", manifest.descriptor.media_type)},
                        .body = manifest.bytes};
    const HttpResponse response = session.send(std::move(request), {.scopes = scopes}, stop);
    if (!response.broken.empty() || response.head.status != 201) session.refuse(response, "PUT");
    const std::string stored = response.head.get("docker-content-digest");
    if (!stored.empty()) check_same(Digest::parse(stored), manifest.bytes, "the registry");
  });
}

}  // namespace seatrial::registry
