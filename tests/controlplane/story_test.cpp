#include <filesystem>
#include <fstream>
#include <regex>

#include "../place.hpp"
#include "hand_driver.hpp"

/// Stories are text that someone without C++ can review: tests/stories/*.txt. A line is what is given, or
/// what happens or holds at a time; a sentence that is not known here fails.
using namespace ibcf;
using namespace std::chrono_literals;

namespace {

class Teller {
 public:
  Teller() : sentences_(sentences()) {}

  void tell(const std::string& line) {
    for (const Sentence& sentence : sentences_) {
      std::smatch words;
      if (!std::regex_match(line, words, std::regex(sentence.pattern))) continue;
      sentence.tell(words);
      return;
    }
    FAIL("no such sentence: " << line);
  }

 private:
  struct Sentence {
    std::string pattern;
    std::function<void(const std::smatch&)> tell;
  };

  static std::uint32_t number(const std::ssub_match& word) {
    return static_cast<std::uint32_t>(std::stoul(word.str()));
  }
  static std::uint32_t node(const std::ssub_match& word) { return number(word) - 1; }
  void go_to(const std::ssub_match& time) {
    const auto when = parse_duration(time.str());
    REQUIRE(when);
    REQUIRE(at(*when) >= twin_.now);
    if (nodes_ > 0) twin_.start(std::exchange(nodes_, 0));
    twin_.run_until(at(*when));
  }
  static bool compares(const std::string& how, std::uint64_t got, std::uint64_t wanted) {
    return how == "at least " ? got >= wanted : how == "at most " ? got <= wanted : got == wanted;
  }

  std::vector<Sentence> sentences() {
    return {
        {R"(given (\d+) nodes?)", [this](const auto& w) { nodes_ = number(w[1]); }},
        {R"(given a snapshot every (\w+))",
         [this](const auto& w) { twin_.agent_settings.snapshot = parse_duration(w[1].str()).value(); }},
        {R"(at (\w+) +(cut|heal) node (\d+))",
         [this](const auto& w) {
           go_to(w[1]);
           twin_.set_link(node(w[3]), w[2] == "heal");
         }},
        {R"(at (\w+) +(cut|heal) upstream)",
         [this](const auto& w) {
           go_to(w[1]);
           twin_.set_upstream(w[2] == "heal");
         }},
        {R"(given commands take (\w+))",
         [this](const auto& w) { twin_.machine.takes = parse_duration(w[1].str()).value(); }},
        {R"(at (\w+) +order node (\d+)( at most once)?(?: with key (\w+))?(?: for (\w+))?(?: as (\w+))?)",
         [this](const auto& w) {
           go_to(w[1]);
           CommandOrder order{.node = HandDriver::id_of(node(w[2])), .home = {}, .scope = {}};
           if (w[3].matched) order.delivery = DeliverySemantics::at_most_once;
           if (w[4].matched) order.coalesce_key = w[4].str();
           if (w[5].matched) order.valid_for = parse_duration(w[5].str()).value();
           const auto id = twin_.order(order);
           REQUIRE(id);
           if (w[6].matched) commands_[w[6].str()] = {*id, order.node};
         }},
        {R"(at (\w+) +cancel (\w+)(?: as (\w+))?)",
         [this](const auto& w) {
           go_to(w[1]);
           const Named& target = commands_.at(w[2].str());
           const auto id = twin_.order({.node = target.node,
                                        .home = {},
                                        .scope = {},
                                        .kind = CommandKind::cancel,
                                        .argument = text_of(target.id)});
           REQUIRE(id);
           if (w[3].matched) commands_[w[3].str()] = {*id, target.node};
         }},
        {R"(at (\w+) +(\w+) went ([A-Z_, ]+))",
         [this](const auto& w) {
           go_to(w[1]);
           std::string states;
           for (const CommandState state : twin_.steps_of(commands_.at(w[2].str()).id))
             states += (states.empty() ? "" : ", ") + std::string(word_of(state));
           CHECK(states == w[3].str());
         }},
        {R"(at (\w+) +(\w+) is (provisional|final))",
         [this](const auto& w) {
           go_to(w[1]);
           CHECK(twin_.master->commands().is_final(commands_.at(w[2].str()).id) == (w[3] == "final"));
         }},
        {R"(at (\w+) +roll out a bundle with the maintenance window (.+))",
         [this](const auto& w) {
           go_to(w[1]);
           RolloutOrder order;
           order.bundle.id = derive_id<BundleTag>("story", 1, w[2].str());
           order.bundle.name = "baseline";
           order.bundle.version = "1.0.0";
           order.bundle.release = 1;
           order.bundle.constraints.maintenance_window = w[2].str();
           order.waves = {1};
           twin_.roll_out(order);
         }},
        {R"(at (\w+) +crash node (\d+))",
         [this](const auto& w) {
           go_to(w[1]);
           twin_.reboot(node(w[2]));
         }},
        {R"(at (\w+) +node (\d+) is (\w+)(?:, and its master believes (\w+))?)",
         [this](const auto& w) {
           go_to(w[1]);
           CHECK(word_of(twin_.agent(node(w[2])).mode()) == w[3].str());
           if (w[4].matched) CHECK(word_of(twin_.record(node(w[2])).state.mode.value()) == w[4].str());
         }},
        {R"(at (\w+) +node (\d+) holds (at least |at most |)(\d+) events?)",
         [this](const auto& w) {
           go_to(w[1]);
           const Agent& agent = twin_.agent(node(w[2]));
           CHECK(compares(w[3], agent.backlog_events(), number(w[4])));
         }},
        {R"(at (\w+) +node (\d+) has carried out (\d+) commands?)",
         [this](const auto& w) {
           go_to(w[1]);
           CHECK(twin_.executed[node(w[2])].size() == number(w[3]));
         }},
        {R"(at (\w+) +the relay holds (at least |at most |)(\d+) bytes?)",
         [this](const auto& w) {
           go_to(w[1]);
           CHECK(compares(w[2], twin_.relay->stored_bytes(), number(w[3])));
         }},
        {R"(at (\w+) +everything node (\d+) wrote is stored exactly once)",
         [this](const auto& w) {
           go_to(w[1]);
           CHECK(twin_.marks(node(w[2])) == twin_.agent(node(w[2])).log().heads());
           CHECK(twin_.is_stored_exactly_once(node(w[2])));
         }},
        {R"(at (\w+) +the log has (\d+) ([a-z._]+))",
         [this](const auto& w) {
           go_to(w[1]);
           const auto of_type = [&](const Event& event) { return word_of(event.type) == w[3].str(); };
           CHECK(twin_.story(of_type).size() == number(w[2]));
         }},
    };
  }

  struct Named {
    CommandId id;
    NodeId node;
  };
  HandDriver twin_;
  std::map<std::string, Named> commands_;  ///< by the names that the story gave them
  std::uint32_t nodes_ = 0;
  std::vector<Sentence> sentences_;
};

std::vector<std::filesystem::path> stories() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(project_folder() + "/tests/stories"))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("every story in tests/stories is true", "[story]") {
  const auto files = stories();
  CHECK(files.size() >= 3);
  for (const auto& file : files) {
    std::ifstream in(file);
    Teller teller;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      line = line.substr(0, line.find('#'));
      line.erase(line.find_last_not_of(' ') + 1);
      INFO(file.filename().string() << ":" << number << ": " << line);
      if (!line.empty()) teller.tell(line);
    }
  }
}
