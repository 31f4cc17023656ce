// Items: what the readers of compound values share. Inside src/config only.
//
// Thread: any (pure).
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "config/schema.h"
#include "config/suggestion.h"

namespace pear::config {

inline Value text_value(std::string text) {
  return {.content = std::move(text), .at = {}};
}

inline bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

// The items of a list; one text stands for a list of one. The value and the reading must outlive
// it.
class ItemsView {
 public:
  ItemsView(const Value& value, Reading& reading, std::size_t count_max) : reading_(reading) {
    if (value.get<std::string>() != nullptr) {
      one_.push_back(value);
      items_ = &one_;
    } else if (const auto* array = value.get<Array>()) {
      items_ = array;
    } else {
      reading.refuse(value, fmt::format("must be a list, not {}", kind_of(value)));
      return;
    }
    if (items_->size() > count_max) {
      reading.refuse(
          value, fmt::format("has {} items, at most {} are allowed", items_->size(), count_max));
      items_ = nullptr;
    }
  }

  ItemsView(const ItemsView&) = delete;  // It may point into itself.
  ItemsView& operator=(const ItemsView&) = delete;
  ItemsView(ItemsView&&) = delete;
  ItemsView& operator=(ItemsView&&) = delete;
  ~ItemsView() = default;

  [[nodiscard]] bool refused() const { return items_ == nullptr; }
  [[nodiscard]] const Array& operator*() const { return *items_; }

  void refuse(std::size_t i, std::string what, std::string expected = {}) const {
    reading_.refusals.push_back(
        {(*items_)[i].at, fmt::format("[{}]", i), std::move(what), std::move(expected), {}});
  }

  // The text of item i; null after a refusal.
  [[nodiscard]] const std::string* text(std::size_t i) const {
    const auto* text = (*items_)[i].get<std::string>();
    if (text == nullptr) {
      refuse(i, fmt::format("must be a text, not {}", kind_of((*items_)[i])));
    } else if (has_nul(*text)) {
      refuse(i, "holds a NUL character");
      text = nullptr;
    }
    return text;
  }

 private:
  Reading& reading_;
  const Array* items_ = nullptr;
  Array one_;
};

// The entries of a table that are none of `known` are refused.
inline void refuse_unknown(const Table& table, std::span<const std::string_view> known,
                           std::string_view within, Reading& reading) {
  for (const Entry& entry : table) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    const std::string_view near = nearest(entry.key, known);
    reading.refusals.push_back({entry.at,
                                fmt::format("{}.{}", within, entry.key),
                                "is not a known key",
                                {},
                                std::string(near)});
  }
}

}  // namespace pear::config
