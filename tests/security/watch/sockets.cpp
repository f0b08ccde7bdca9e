// Preloaded into every program of a run (LD_PRELOAD), it writes down each address that is connected or
// sent to, bound or listened at, and each host name that is looked up, before it lets the call through.
// Python, C++ (the collectives of torch) and Rust (hf_xet) make these calls through the C library.
//
// A line of the file that SOCKET_LOG names: call, host, port, program, its parent; tabs between. The
// call "start" says that a program is watched, and has no host.
// Not seen: a program that is linked statically, and what the C library does by itself, such as
// asking a name server after getaddrinfo, which is written down.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

template <typename F> static F real(const char *name) {
    return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

// The command line of a process, on one line.
static void command_of(int process, char *words, size_t room) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, words, room - 1);
    if (file >= 0) close(file);
    if (length < 0) length = 0;
    for (ssize_t i = 0; i < length; i++)
        if (static_cast<unsigned char>(words[i]) < 32) words[i] = ' ';
    words[length] = 0;
}

static void note(const char *call, const char *host, int port) {
    const char *log = getenv("SOCKET_LOG");
    if (!log || !*log) return;
    int kept = errno;
    char own[600], parent[600], line[2048];
    command_of(getpid(), own, sizeof own);
    command_of(getppid(), parent, sizeof parent);
    int length = snprintf(line, sizeof line, "%s\t%.255s\t%d\t%s\t%s\n", call, host, port, own, parent);
    int file = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || write(file, line, length) != length) abort();  // unseen is not allowed
    close(file);
    errno = kept;
}

static void note_address(const char *call, const struct sockaddr *address) {
    char host[INET6_ADDRSTRLEN] = "";
    if (!address) return;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *four = reinterpret_cast<const struct sockaddr_in *>(address);
        inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
        note(call, host, ntohs(four->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = reinterpret_cast<const struct sockaddr_in6 *>(address);
        inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
        note(call, host, ntohs(six->sin6_port));
    }  // sockets in the file system and between a process and its kernel reach nobody
}

__attribute__((constructor)) static void note_start() { note("start", "", 0); }

extern "C" {

int connect(int s, const struct sockaddr *address, socklen_t size) {
    note_address("connect", address);
    return real<decltype(&connect)>("connect")(s, address, size);
}

int bind(int s, const struct sockaddr *address, socklen_t size) noexcept {
    note_address("bind", address);
    return real<int (*)(int, const struct sockaddr *, socklen_t)>("bind")(s, address, size);
}

int listen(int s, int waiting) noexcept {
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    if (getsockname(s, reinterpret_cast<struct sockaddr *>(&own), &size) == 0)
        note_address("listen", reinterpret_cast<const struct sockaddr *>(&own));
    return real<int (*)(int, int)>("listen")(s, waiting);
}

ssize_t sendto(int s, const void *data, size_t n, int flags, const struct sockaddr *address, socklen_t size) {
    note_address("send", address);
    return real<decltype(&sendto)>("sendto")(s, data, n, flags, address, size);
}

ssize_t sendmsg(int s, const struct msghdr *message, int flags) {
    if (message) note_address("send", static_cast<const struct sockaddr *>(message->msg_name));
    return real<decltype(&sendmsg)>("sendmsg")(s, message, flags);
}

int sendmmsg(int s, struct mmsghdr *messages, unsigned int n, int flags) {
    for (unsigned int i = 0; i < n; i++)
        note_address("send", static_cast<const struct sockaddr *>(messages[i].msg_hdr.msg_name));
    return real<decltype(&sendmmsg)>("sendmmsg")(s, messages, n, flags);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    if (host) note("look up", host, service ? atoi(service) : 0);
    return real<decltype(&getaddrinfo)>("getaddrinfo")(host, service, hints, found);
}

struct hostent *gethostbyname(const char *host) {
    note("look up", host, 0);
    return real<decltype(&gethostbyname)>("gethostbyname")(host);
}

struct hostent *gethostbyname2(const char *host, int family) {
    note("look up", host, 0);
    return real<decltype(&gethostbyname2)>("gethostbyname2")(host, family);
}

int gethostbyname_r(const char *host, struct hostent *entry, char *room, size_t n, struct hostent **found, int *error) {
    note("look up", host, 0);
    return real<decltype(&gethostbyname_r)>("gethostbyname_r")(host, entry, room, n, found, error);
}

int getnameinfo(const struct sockaddr *address, socklen_t size, char *host, socklen_t n, char *service, socklen_t m, int flags) {
    if (host && !(flags & NI_NUMERICHOST)) note_address("look up", address);
    return real<decltype(&getnameinfo)>("getnameinfo")(address, size, host, n, service, m, flags);
}

struct hostent *gethostbyaddr(const void *raw, socklen_t size, int family) {
    char host[INET6_ADDRSTRLEN] = "";
    inet_ntop(family, raw, host, sizeof host);
    note("look up", host, 0);
    return real<decltype(&gethostbyaddr)>("gethostbyaddr")(raw, size, family);
}

int gethostbyaddr_r(const void *raw, socklen_t size, int family, struct hostent *entry, char *room, size_t n, struct hostent **found, int *error) {
    char host[INET6_ADDRSTRLEN] = "";
    inet_ntop(family, raw, host, sizeof host);
    note("look up", host, 0);
    return real<decltype(&gethostbyaddr_r)>("gethostbyaddr_r")(raw, size, family, entry, room, n, found, error);
}
}
