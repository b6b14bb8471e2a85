/* The wall clock of a process, moved by what stands in a file that is shared with the bench; loaded before libc.
 *
 * libfaketime cannot be used: its clock_nanosleep takes an absolute monotonic time, which Python's sleep gives it,
 * for an absolute wall time and fails. Nothing but the wall clock is touched here. No headers, so that a compiler
 * alone is enough; 64-bit Linux only. */

struct timespec { long seconds, nanoseconds; };
struct timeval { long seconds, microseconds; };

extern void *dlsym(void *handle, const char *name);
extern char *getenv(const char *name);
extern int open(const char *path, int flags, ...);
extern void *mmap(void *address, unsigned long length, int protection, int flags, int file, long offset);

#define NEXT ((void *)-1L)
enum { REALTIME = 0, REALTIME_COARSE = 5, READ_ONLY = 0, PROT_READ = 1, MAP_SHARED = 1 };

static int (*true_clock)(int, struct timespec *);
static int (*true_day)(struct timeval *, void *);
static const volatile long *shift;

__attribute__((constructor)) static void prepare(void)
{
    const char *path = getenv("FAULTS_CLOCK");
    int file = path ? open(path, READ_ONLY) : -1;
    void *shared = file >= 0 ? mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0) : (void *)-1L;
    true_clock = (int (*)(int, struct timespec *))dlsym(NEXT, "clock_gettime");
    true_day = (int (*)(struct timeval *, void *))dlsym(NEXT, "gettimeofday");
    if (shared != (void *)-1L)
        shift = shared;
}

int clock_gettime(int clock, struct timespec *now)
{
    if (!true_clock)
        prepare();
    int failed = true_clock(clock, now);
    if (!failed && shift && (clock == REALTIME || clock == REALTIME_COARSE))
        now->seconds += *shift;
    return failed;
}

int gettimeofday(struct timeval *now, void *zone)
{
    if (!true_day)
        prepare();
    int failed = true_day(now, zone);
    if (!failed && now && shift)
        now->seconds += *shift;
    return failed;
}

long time(long *result)
{
    struct timespec now;
    clock_gettime(REALTIME_COARSE, &now);
    if (result)
        *result = now.seconds;
    return now.seconds;
}
