#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <troupe/crypto/ring_file.hpp>

namespace troupe::crypto {

namespace {

constexpr std::size_t file_bytes_max = 64 << 10;

class open_file {
 public:
  open_file(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~open_file() {
    if (fd_ >= 0) ::close(fd_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string system_says() { return std::strerror(errno); }

error cannot(const std::string& what, const std::string& path) {
  return {code::unavailable, "cannot " + what + " the keyring " + path + ": " + system_says()};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

result<std::string> read_all(int fd, const std::string& path) {
  std::string text;
  std::array<char, 4096> piece;
  for (;;) {
    const auto count = ::read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot("read", path);
    if (count == 0) break;
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > file_bytes_max)
      return error{code::invalid_argument,
                   "the keyring " + path + " is longer than any: is it another file?"};
  }
  OPENSSL_cleanse(piece.data(), piece.size());
  return text;
}

}  // namespace

result<ring> read_ring_file(const std::string& path) {
  const open_file file(path, O_RDONLY);
  if (!file && errno == ENOENT)
    return error{code::not_found, "there is no keyring " + path + ": troupe keys new " + path + " makes one"};
  if (!file)
    return error{code::permission_denied, "the keyring " + path + " cannot be read: " + system_says()};
  struct stat facts {};
  if (::fstat(file.fd(), &facts) != 0) return cannot("look at", path);
  if (!S_ISREG(facts.st_mode)) return error{code::invalid_argument, "the keyring " + path + " is no file"};
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return error{code::permission_denied,
                 "the keyring " + path +
                     " is open to others than its owner, and whoever reads it can join "
                     "the cluster: chmod 600 " +
                     path};
  auto text = read_all(file.fd(), path);
  if (!text) return text.error();
  auto read = parse_ring(*text);
  OPENSSL_cleanse(text->data(), text->size());
  if (!read) return error{read.error().code, "the keyring " + path + ", " + read.error().text};
  if (read->primary() == nullptr)
    return error{code::invalid_argument,
                 "the keyring " + path +
                     " has no key: put a cluster's key in, or make a new one elsewhere with "
                     "troupe keys new"};
  return read;
}

result<void> write_ring_file(const std::string& path, const ring& what) {
  const auto beside = path + ".new";
  auto text = to_text(what);
  // What a crash left of an earlier attempt is not trusted to have the right mode.
  ::unlink(beside.c_str());
  {
    const open_file file(beside, O_WRONLY | O_CREAT | O_EXCL);
    const bool written = file && write_all(file.fd(), text) && ::fsync(file.fd()) == 0;
    OPENSSL_cleanse(text.data(), text.size());
    if (!written) {
      const auto problem = cannot("write", path);
      ::unlink(beside.c_str());
      return problem;
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return cannot("replace", path);
  const open_file folder(folder_of(path), O_RDONLY | O_DIRECTORY);
  if (!folder || ::fsync(folder.fd()) != 0) return cannot("sync the folder of", path);
  return {};
}

}  // namespace troupe::crypto
