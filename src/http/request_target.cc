#include "http/request_target.h"

#include "http/character.h"
#include "http/field_rules.h"

namespace pear::http {
namespace {

// The two digits after a '%' at `at` in a path.
Checked<void> check_escape(std::string_view text, std::size_t at) {
  if (text.size() - at < 3 || !is_in(text[at + 1], CharacterClass::Hex) ||
      !is_in(text[at + 2], CharacterClass::Hex)) {
    return refuse(400, "malformed percent-encoding in the path");
  }
  if (text[at + 1] == '0' && text[at + 2] == '0') return refuse(400, "encoded NUL in the path");
  return {};
}

Checked<RequestTarget> parse_connect_target(std::string_view target) {
  RequestTarget parsed{.form = TargetForm::Authority, .authority_text = target};
  PEAR_TRY(parse_authority(target, &parsed.authority));
  if (!parsed.authority.port) return refuse(400, "CONNECT needs host and port");
  return parsed;
}

Checked<RequestTarget> parse_absolute_target(Method method, std::string_view target) {
  RequestTarget parsed{.form = TargetForm::Absolute};
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return refuse(400, "malformed request target");
  const std::string_view scheme = target.substr(0, colon);
  if (equals_lower(scheme, "http")) {
    parsed.scheme = "http";
  } else if (equals_lower(scheme, "https")) {
    parsed.scheme = "https";
  } else {
    return refuse(400, "scheme of the request target is not http or https");
  }

  const std::string_view rest = target.substr(colon + 3);
  const std::size_t path_at = rest.find_first_of("/?");
  parsed.authority_text = rest.substr(0, path_at);
  PEAR_TRY(parse_authority(parsed.authority_text, &parsed.authority));
  if (path_at == std::string_view::npos) {
    parsed.path_with_query = method == Method::Options ? "*" : "/";
    parsed.parts.path = parsed.path_with_query;
    return parsed;
  }
  parsed.path_with_query = rest.substr(path_at);
  PEAR_TRY(parse_path_and_query(parsed.path_with_query, &parsed.parts));
  return parsed;
}

}  // namespace

Checked<PathAndQuery> parse_path_and_query(std::string_view text) {
  PathAndQuery parts;
  PEAR_TRY(parse_path_and_query(text, &parts));
  return parts;
}

Checked<void> parse_path_and_query(std::string_view text, PathAndQuery* parts) {
  if (!text.starts_with('/')) return refuse(400, "path does not start with a slash");
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* at = begin + 1;
  while (at != end && *at != '?') {
    if (!is_in(*at, CharacterClass::PathPlain)) {
      if (*at != '%') return refuse(400, "byte that a path may not contain");
      PEAR_TRY(check_escape(text, static_cast<std::size_t>(at - begin)));
    }
    ++at;
  }
  parts->path = {begin, static_cast<std::size_t>(at - begin)};
  parts->query = {};
  parts->has_query = at != end;
  if (!parts->has_query) return {};
  parts->query = {at + 1, static_cast<std::size_t>(end - at) - 1};
  if (!all_in(parts->query, CharacterClass::Target)) {
    return refuse(400, "byte that a query may not contain");
  }
  return {};
}

Checked<RequestTarget> parse_request_target(Method method, std::string_view target) {
  if (method == Method::Connect) return parse_connect_target(target);
  if (target.starts_with('/')) {
    RequestTarget parsed{.form = TargetForm::Origin, .path_with_query = target};
    PEAR_TRY(parse_path_and_query(target, &parsed.parts));
    return parsed;
  }
  if (target == "*") {
    if (method != Method::Options) return refuse(400, "target * is for OPTIONS only");
    RequestTarget parsed{.form = TargetForm::Asterisk, .path_with_query = target};
    parsed.parts.path = target;
    return parsed;
  }
  return parse_absolute_target(method, target);
}

}  // namespace pear::http
