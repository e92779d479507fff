#include "shared/settings.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>

#include "shared/credential_path.hpp"

namespace solar {
namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return upper(x) == upper(y); });
}

/// Sets `target` to what `parsed` holds, if it is between `min` and `max`.
template <class Value>
std::optional<Problem> assign_within(Result<Value> parsed, Value& target, Value min, Value max,
                                     const std::string& text) {
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
  const Value value = std::get<Value>(parsed);
  if (value < min) return Problem{"too small", shortened(text), {}};
  if (value > max) return Problem{"too large", shortened(text), {}};
  target = value;
  return std::nullopt;
}

Result<std::uint32_t> parse_count(std::string_view text) {
  std::uint32_t number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = end == text.data() + text.size();
  if (error == std::errc::result_out_of_range && whole) return Problem{"too large", shortened(text), {}};
  if (error != std::errc{} || !whole) return Problem{"not a whole number", shortened(text), {}};
  return number;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

}  // namespace

std::string environment_name(std::string_view setting) {
  std::string name{setting};
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c == '-' ? '_' : upper(c); });
  return name;
}

void Settings::add_text(std::string name, std::string& target, std::string what, std::string allowed) {
  add({.name = std::move(name),
       .what = std::move(what),
       .allowed = std::move(allowed),
       .default_text = target,
       .assign = [&target](const std::string& text) {
         target = text;
         return std::optional<Problem>{};
       }});
}

void Settings::add_file(std::string name, std::string& target, std::string what, std::string allowed) {
  add({.name = std::move(name),
       .what = std::move(what),
       .allowed = std::move(allowed),
       .default_text = target,
       .assign = [&target](const std::string& text) {
         target = credential_path(text);
         return std::optional<Problem>{};
       }});
}

void Settings::add_duration(std::string name, Millis& target, Millis min, Millis max, std::string what) {
  add({.name = std::move(name),
       .what = std::move(what),
       .allowed = "duration, " + duration_text(min) + " to " + duration_text(max),
       .default_text = duration_text(target),
       .assign = [&target, min, max](const std::string& text) {
         return assign_within(parse_duration(text), target, min, max, text);
       }});
}

void Settings::add_bytes(std::string name, std::uint64_t& target, std::uint64_t min, std::uint64_t max,
                         std::string what) {
  add({.name = std::move(name),
       .what = std::move(what),
       .allowed = "size, " + bytes_text(min) + " to " + bytes_text(max),
       .default_text = bytes_text(target),
       .assign = [&target, min, max](const std::string& text) {
         return assign_within(parse_bytes(text), target, min, max, text);
       }});
}

void Settings::add_count(std::string name, std::uint32_t& target, std::uint32_t min, std::uint32_t max,
                         std::string what) {
  add({.name = std::move(name),
       .what = std::move(what),
       .allowed = "number, " + std::to_string(min) + " to " + std::to_string(max),
       .default_text = std::to_string(target),
       .assign = [&target, min, max](const std::string& text) {
         return assign_within(parse_count(text), target, min, max, text);
       }});
}

void Settings::add_switch(std::string name, bool& target, std::string what) {
  add({.name = std::move(name),
       .what = std::move(what),
       .allowed = "yes or no; the flag alone means yes",
       .default_text = target ? "yes" : "no",
       .assign = [&target](const std::string& text) -> std::optional<Problem> {
         if (!same_word("yes", text) && !same_word("no", text) && !same_word("true", text) &&
             !same_word("false", text)) {
           return Problem{"neither yes nor no", shortened(text), {}};
         }
         target = same_word("yes", text) || same_word("true", text);
         return std::nullopt;
       },
       .is_switch = true});
}

void Settings::add_choice(std::string name, std::string& target, std::vector<std::string> choices, std::string what) {
  std::string allowed = "one of " + joined(choices);
  add({.name = std::move(name),
       .what = std::move(what),
       .allowed = std::move(allowed),
       .default_text = target,
       .assign = [&target, choices = std::move(choices)](const std::string& text) -> std::optional<Problem> {
         const auto same = [&](const std::string& choice) { return same_word(choice, text); };
         const auto choice = std::find_if(choices.begin(), choices.end(), same);
         if (choice == choices.end()) return Problem{"no such choice", shortened(text), {}};
         target = *choice;
         return std::nullopt;
       }});
}

void Settings::add(Setting setting) {
  assert(std::none_of(settings_.begin(), settings_.end(), [&](const auto& one) { return one.name == setting.name; }));
  settings_.push_back(std::move(setting));
}

}  // namespace solar
