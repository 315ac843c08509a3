// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#include "design_journal.hpp"

#include "input.hpp"
#include "json_object.hpp"
#include "staged_file.hpp"
#include "text_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

namespace septet::io {
namespace {

constexpr std::string_view kMagic = "septet-explore 1 ", kEnd = "machine ";

// FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv): against bytes that were lost or garbled, not against anybody.
std::uint64_t checksum(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string end_line(Index machine, std::string_view lines) {
  return fmt::format("{}{} {:016x}", kEnd, machine, checksum(lines));
}

JournalHeader parse_header(const std::string& path, std::string_view line) {
  if (line.substr(0, kMagic.size()) != kMagic) fail(path, "is no journal of septet explore");
  const Json json = Json::parse(line.substr(kMagic.size()), nullptr, false);
  if (json.is_discarded()) fail(path, "line 1: is not JSON");
  const JsonObject object(path, "line 1", json);
  object.require_known({"model", "shard", "machines", "designs_per_machine", "settings"});
  JournalHeader header{object.text("model"),
                       object.text("shard"),
                       object.integer("machines"),
                       object.integer("designs_per_machine"),
                       {}};
  if (!json.contains("settings") || !json.at("settings").is_object()) object.fail("settings is no JSON object");
  header.settings = json.at("settings");
  constexpr Index kMost = Index{1} << 40;
  const auto fits = [](Index count) { return count >= 1 && count <= kMost; };
  if (!fits(header.machines) || !fits(header.designs_per_machine)) object.fail("it has no designs, or too many");
  return header;
}

// Lines of a journal, one after the other; an end without its newline is torn.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  bool next(std::string_view& line) {
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) return false;
    line = text_.substr(at_, end - at_);
    at_ = end + 1, ++number_;
    return true;
  }
  std::size_t at() const { return at_; }
  Index number() const { return number_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  Index number_ = 0;
};

class RecordReader {
 public:
  RecordReader(const std::string& path, const JournalHeader& header, std::string_view text)
      : path_(path), header_(header), text_(text) {}

  // False: there is no whole record any more.
  bool next(Lines& lines, MachineRecord& record) {
    const std::size_t begin = lines.at();
    std::string_view line;
    for (record = {}; lines.next(line);) {
      if (line.substr(0, kEnd.size()) == kEnd) {
        finish(text_.substr(begin, lines.at() - begin - line.size() - 1), line, lines.number(), record);
        return true;
      }
      const auto point = parse_design_line(line);
      if (!point) damaged(lines.number());
      record.points.push_back(*point);
    }
    return false;
  }

 private:
  [[noreturn]] void damaged(Index line) const { fail(path_, fmt::format("line {}: is damaged", line)); }

  void finish(std::string_view designs, std::string_view line, Index number, MachineRecord& record) {
    const std::string_view word = line.substr(kEnd.size(), line.find(' ', kEnd.size()) - kEnd.size());
    const bool whole = parse_integer(word, record.machine) == Parsed::ok && line == end_line(record.machine, designs);
    const auto count = static_cast<Index>(record.points.size());
    const bool counted = count == header_.designs_per_machine;
    if (!whole || !counted || record.machine < 0 || record.machine >= header_.machines) damaged(number);
    for (Index i = 0; i < count; ++i) {
      if (record.points[static_cast<std::size_t>(i)].design.index != record.machine * count + i) damaged(number);
    }
    if (!seen_.insert(record.machine).second) {
      fail(path_, fmt::format("line {}: machine {} is there twice", number, record.machine));
    }
  }

  const std::string& path_;
  const JournalHeader& header_;
  std::string_view text_;
  std::set<Index> seen_;
};

std::string read_all(const std::string& path) {
  InputFile file(path);
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  text.resize(file.read(text.data(), text.size()));
  return text;
}

// Where two objects differ first.
std::string difference(const Json& left, const Json& right) {
  for (const auto& field : left.items()) {
    const auto other = right.find(field.key());
    if (other == right.end()) return field.key();
    if (field.value() == *other) continue;
    const std::string inner = field.value().is_object() && other->is_object() ? difference(field.value(), *other) : "";
    return inner.empty() ? field.key() : field.key() + ": " + inner;
  }
  for (const auto& field : right.items()) {
    if (!left.contains(field.key())) return field.key();
  }
  return "";
}

}  // namespace

std::string JournalHeader::line() const {
  const Json json = {{"model", model},
                     {"shard", shard},
                     {"machines", machines},
                     {"designs_per_machine", designs_per_machine},
                     {"settings", settings}};
  return fmt::format("{}{}\n", kMagic, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string difference(const JournalHeader& left, const JournalHeader& right) {
  if (left.settings != right.settings) return difference(left.settings, right.settings);
  return left.machines == right.machines && left.designs_per_machine == right.designs_per_machine ? "" : "machines";
}

std::string MachineRecord::text() const {
  std::string lines;
  for (const network::DesignPoint& point : points) lines += design_line(point) + "\n";
  return lines + end_line(machine, lines) + "\n";
}

JournalContent parse_journal(const std::string& path, const std::string& text) {
  Lines lines(text);
  std::string_view line;
  if (!lines.next(line)) fail(path, "is no journal of septet explore");
  JournalContent content;
  content.header = parse_header(path, line);
  content.whole = lines.at();
  RecordReader reader(path, content.header, text);
  for (MachineRecord record; reader.next(lines, record); content.whole = lines.at()) {
    content.records.push_back(std::move(record));
  }
  return content;
}

JournalContent read_journal(const std::string& path) {
  const std::string text = read_all(path);
  JournalContent content = parse_journal(path, text);
  if (content.whole != text.size()) fail(path, "ends within a machine: it is not finished");
  return content;
}

DesignJournal::DesignJournal(const std::string& path, const JournalHeader& header) : path_(path) {
  open();
  try {
    const std::string text = read(), first = header.line();
    // Killed before its first line was out, it is as good as new.
    const bool begun = first.compare(0, text.size(), text) != 0;
    std::size_t whole = 0;
    if (begun) {
      JournalContent content = parse_journal(path, text);
      const std::string where = io::difference(content.header, header);
      if (!where.empty()) fail(path, "is the journal of another exploration: " + where + " differs");
      if (content.header.shard != header.shard) fail(path, "is the journal of --shard " + content.header.shard);
      records_ = std::move(content.records), whole = content.whole;
    }
    if (::ftruncate(file_, static_cast<off_t>(whole)) != 0) fail_on_file(path, "cannot be written", errno);
    if (::lseek(file_, 0, SEEK_END) < 0) fail_on_file(path, "cannot be written", errno);
    if (!begun) write(first);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

void DesignJournal::open() {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
  if (file_ < 0) fail_on_file(path_, "cannot be opened", errno);
  struct stat status {};
  const bool regular = ::fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
  // Some cluster file systems have no locks: there the user has to see to it that shards have journals of their own.
  const bool taken = regular && ::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (regular && !taken) return;
  ::close(file_);
  fail(path_, regular ? "is in use by another process" : "is not a regular file");
}

DesignJournal::~DesignJournal() { ::close(file_); }

std::string DesignJournal::read() const {
  std::string text;
  char buffer[1 << 16];
  for (ssize_t got; (got = ::read(file_, buffer, sizeof buffer)) != 0;) {
    if (got < 0 && errno != EINTR) fail_on_file(path_, "cannot be read", errno);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

void DesignJournal::write(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t put = ::write(file_, text.data() + done, text.size() - done);
    if (put < 0 && errno != EINTR) fail_on_file(path_, "cannot be written", errno);
    if (put > 0) done += static_cast<std::size_t>(put);
  }
}

void DesignJournal::append(const MachineRecord& record) { write(record.text()); }

void DesignJournal::remove() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) fail_on_file(path_, "cannot be removed", errno);
}

}  // namespace septet::io
