#include "http/forwarded.h"

#include <algorithm>
#include <array>
#include <optional>

#include "http/field_rules.h"

namespace pear::http {
namespace {

using net::IpAddress;
using net::IpPrefixSet;

// The last elements of a list that may be spread over several fields.
class LastElements {
 public:
  void push(std::string_view element) {
    elements_[count_ % kForwardingHopsMax] = trim_blanks(element);
    ++count_;
  }
  [[nodiscard]] std::size_t size() const { return std::min(count_, kForwardingHopsMax); }
  [[nodiscard]] std::string_view from_end(std::size_t i) const {
    return elements_[(count_ - 1 - i) % kForwardingHopsMax];
  }

 private:
  std::array<std::string_view, kForwardingHopsMax> elements_;
  std::size_t count_ = 0;
};

// Where the element ends that `text` begins with: at a comma outside of quotes. Nothing: a quoted
// string does not end.
std::optional<std::size_t> end_of_element(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '\\' && quoted) ++i;
    if (i < text.size() && text[i] == ',' && !quoted) return i;
  }
  if (quoted) return std::nullopt;
  return text.size();
}

void push_quoted(std::string_view value, LastElements& elements) {
  while (true) {
    const auto end = end_of_element(value);
    if (!end) return elements.push({});  // What it holds nobody can tell.
    elements.push(value.substr(0, *end));
    if (*end == value.size()) return;
    value.remove_prefix(*end + 1);
  }
}

void push_plain(std::string_view value, LastElements& elements) {
  ListElements list(value);
  for (std::string_view element; list.next(&element);) elements.push(element);
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 6 && all_in(text, CharacterClass::Token);
}

// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80".
std::optional<IpAddress> read_node(std::string_view node) {
  std::string_view address = node;
  std::string_view behind;
  if (node.starts_with('[')) {
    const std::size_t bracket = node.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    address = node.substr(1, bracket - 1);
    behind = node.substr(bracket + 1);
    if (!address.contains(':')) return std::nullopt;
  } else if (const std::size_t colon = node.find(':'); colon == node.rfind(':')) {
    address = node.substr(0, colon);
    if (colon != std::string_view::npos) behind = node.substr(colon);
  }
  if (!behind.empty() && (behind.front() != ':' || !is_port(behind.substr(1)))) return std::nullopt;
  return IpAddress::parse(address);
}

std::string_view read_scheme(std::string_view text) {
  if (equals_lower(text, "https")) return "https";
  if (equals_lower(text, "http")) return "http";
  return {};
}

// What one element says: of one proxy, about whoever asked it.
struct Hop {
  std::optional<IpAddress> node;
  std::string_view scheme;
};

Hop read_plain_hop(std::string_view element) {
  return {.node = read_node(element), .scheme = {}};
}

// forwarded-pair = token "=" value, where value is a token or a quoted string.
Hop read_forwarded_hop(std::string_view element) {
  Hop hop;
  while (!element.empty()) {
    const std::size_t equals = element.find('=');
    if (equals == std::string_view::npos) return {};
    const std::string_view name = trim_blanks(element.substr(0, equals));
    std::string_view rest = element.substr(equals + 1);
    std::string_view value;
    if (rest.starts_with('"')) {
      const std::size_t quote = rest.find('"', 1);
      if (quote == std::string_view::npos) return {};
      value = rest.substr(1, quote - 1);
      rest = trim_blanks(rest.substr(quote + 1));
      if (value.contains('\\') || (!rest.empty() && rest.front() != ';')) return {};
    } else {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      value = trim_blanks(rest.substr(0, end));
      rest = rest.substr(end);
    }
    if (equals_lower(name, "for")) {
      if (hop.node) return {};  // Of two nobody can tell which is right.
      hop.node = read_node(value);
      if (!hop.node) return {};
    } else if (equals_lower(name, "proto")) {
      hop.scheme = read_scheme(value);
    }
    if (!rest.empty()) rest.remove_prefix(1);
    element = trim_blanks(rest);
  }
  return hop;
}

// What a list comes to.
struct Walk {
  IpAddress client;
  std::string_view scheme;  // Of the hop that named the client.
  std::size_t hops = 0;     // Elements that were believed.
};

Walk walk(const LastElements& elements, Hop (*read)(std::string_view), const IpAddress& peer,
          const IpPrefixSet& trusted) {
  Walk walk{.client = peer};
  while (walk.hops < elements.size()) {
    const Hop hop = read(elements.from_end(walk.hops));
    if (!hop.node) break;
    walk.client = *hop.node;
    walk.scheme = hop.scheme;
    ++walk.hops;
    if (!trusted.contains(walk.client)) break;
  }
  return walk;
}

// The lists of a request, as far as they are there.
struct Lists {
  LastElements x_for;
  LastElements x_proto;
  LastElements forwarded;
};

Lists lists_in(std::span<const Field> fields) {
  Lists lists;
  for (const Field& field : fields) {
    if (field.name == kXForwardedFor) push_plain(field.value, lists.x_for);
    if (field.name == kXForwardedProto) push_plain(field.value, lists.x_proto);
    if (field.name == kForwarded) push_quoted(field.value, lists.forwarded);
  }
  return lists;
}

// Of X-Forwarded-Proto: what the proxy that named the client says, where each has added a word,
// else what the nearest says.
std::string_view scheme_of(const LastElements& words, std::size_t hops) {
  if (words.size() == 0) return {};
  const std::size_t wanted = hops == 0 ? 0 : hops - 1;
  return read_scheme(words.from_end(std::min(wanted, words.size() - 1)));
}

}  // namespace

ForwardedClient forwarded_client(std::span<const Field> fields, const IpAddress& peer,
                                 const IpPrefixSet& trusted, BelievedField believed) {
  const Lists lists = lists_in(fields);
  ForwardedClient client{.address = peer};
  client.by_x_forwarded_for =
      believed != BelievedField::Forwarded && lists.x_for.size() + lists.x_proto.size() != 0;
  client.by_forwarded = believed != BelievedField::XForwardedFor && lists.forwarded.size() != 0;
  Walk by_x{.client = peer};
  if (client.by_x_forwarded_for) {
    by_x = walk(lists.x_for, read_plain_hop, peer, trusted);
    by_x.scheme = scheme_of(lists.x_proto, by_x.hops);
  }
  client.address = by_x.client;
  client.scheme = by_x.scheme;
  if (!client.by_forwarded) return client;
  const Walk by_forwarded = walk(lists.forwarded, read_forwarded_hop, peer, trusted);
  if (client.by_x_forwarded_for && lists.x_for.size() != 0 && by_x.client != by_forwarded.client) {
    return {.address = peer};
  }
  client.address = by_forwarded.client;
  client.scheme = by_forwarded.scheme;
  // Where both are there, one of them may be the client's own: what only one says is not believed.
  if (client.by_x_forwarded_for && by_x.scheme != client.scheme) client.scheme = {};
  return client;
}

}  // namespace pear::http
