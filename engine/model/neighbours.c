/* The passes of `neighbour_fit.py`: each item's nearest ones with their products, those of other listeners added, and
   the weights among them, by the products kept or by those of the item's own listeners. Called as those of als.c are;
   `real` is float. A thread's own work arrays it leaves as it found them where they are zeros.

   Not to be compiled with -ffast-math: sums carry a count that only their rounding takes apart. */

#include "lanes.h"

/* How many items ahead the kept products are prefetched. */
#define AHEAD 3
/* An item whose listeners' rows contain fewer than this share (1 in so many) of the items is compared with those only,
   from a list of them; otherwise scanning all items in blocks is cheaper. */
#define FEW 16
/* What one more listener adds to a sum, above twice any sum of products: a double represents both accurately enough.
   Adding and subtracting ROUNDED leaves a double's nearest multiple of it. */
#define COUNTED 16777216.0
#define ROUNDED (1.5 * 4503599627370496.0 * COUNTED)
/* 16 differs from 0 for half floats alone. */
_Static_assert(__FLT_EVAL_METHOD__ == 0 || __FLT_EVAL_METHOD__ == 16,
               "sums must be rounded to double, not kept in wider registers");
_Static_assert(NEAREST < RANK && NEAREST <= UINT8_MAX, "a system has a row for each of the nearest");

/* The system of an item: rows and columns begin at 1, column 0 takes what is not among the nearest. */
#define SYSTEM (RANK * RANK)

typedef struct {
    const int64_t *starts; /* (items + 1,) the listeners of each item, with their values: */
    const int32_t *listeners;
    const real *values;
    const int64_t *row_starts; /* the items of each listener: */
    const int32_t *row_items;
    const real *row_values;
    int64_t items;
    const real *inverse;   /* (items, to a whole block) 1 over the item's length, ridge included */
    int64_t kept;
    const int32_t *chosen; /* the items to do */
    const int64_t *bounds; /* (parts + 1,) those of each part */
    int64_t parts;
    int32_t *ids; /* (items, kept), as products; counts (items,) */
    real *products;
    int32_t *counts;
    int64_t *cursor;
    double *sums;  /* own: (items, to a whole block), zeros */
    int32_t *near; /* own: WAITING, and twice all items to a whole block and one more */
    real *scores;  /* own: WAITING, and one a block */
} Nearest;

typedef struct {
    const int64_t *starts; /* as in Nearest */
    const int32_t *listeners;
    const real *values;
    const int64_t *row_starts;
    const int32_t *row_items;
    const real *row_values;
    int64_t kept;
    double times;
    const int64_t *bounds; /* (parts + 1,) the items of each part */
    int64_t parts;
    const int32_t *ids;
    real *products;
    const int32_t *counts;
    int64_t *cursor;
    double *sums; /* own: (items,), zeros */
} Added;

typedef struct {
    const int32_t *ids; /* as in Nearest */
    const real *products;
    const int32_t *counts;
    int64_t kept;
    const real *diagonal; /* (items,) */
    const int32_t *chosen;
    const int64_t *bounds;
    int64_t parts;
    real *weights; /* (chosen, RANK), from the second column on */
    int64_t *cursor;
    real *room;      /* own: (RANK + 2, RANK), the system, its right side and the pivots */
    uint8_t *places; /* own: (items,), zeros: each one's row in the system */
} Weights;

typedef struct {
    const int64_t *starts; /* as in Nearest */
    const int32_t *listeners;
    const real *values;
    const int64_t *row_starts;
    const int32_t *row_items;
    const real *row_values;
    const int32_t *ids; /* as in Weights */
    const real *products;
    const int32_t *counts;
    int64_t kept;
    const real *diagonal;
    const int32_t *chosen;
    const int64_t *bounds;
    int64_t parts;
    real *weights;
    int64_t *cursor;
    real *room;
    uint8_t *places;
} Joining;

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline real higher(real a, real b) { return a > b ? a : b; }

/* The sum of products, without the count of listeners. */
static inline real product_of(double total) { return (real)(total - ((total + ROUNDED) - ROUNDED)); }

/* The penalised cosine of a sum; the 1 that is added to it if enough listeners are in common. */
static inline real cosine_of(double total, real scale, real own) { return product_of(total) * scale * own; }
static inline int often(double total) { return total >= MIN_TOGETHER * COUNTED; }

/* Reorders so that the `wanted` highest scores of `count` come first (Hoare's selection). */
static void to_front(real *scores, int32_t *ids, int64_t count, int64_t wanted) {
    if (count <= wanted) return;
    for (int64_t low = 0, high = count - 1; low < high;) {
        real pivot = scores[(low + high) / 2];
        int64_t a = low, b = high;
        while (a <= b) {
            while (scores[a] > pivot) a++;
            while (scores[b] < pivot) b--;
            if (a > b) break;
            real score = scores[a];
            int32_t id = ids[a];
            scores[a] = scores[b], ids[a++] = ids[b];
            scores[b] = score, ids[b--] = id;
        }
        if (wanted - 1 <= b)
            high = b;
        else if (wanted - 1 >= a)
            low = a;
        else
            return;
    }
}

static real lowest(const real *scores, int64_t count) {
    real found = scores[0];
    for (int64_t k = 1; k < count; k++) found = scores[k] < found ? scores[k] : found;
    return found;
}

/* An item's candidates: `count` of them, and the score that the next must reach. */
typedef struct {
    real *scores;
    int32_t *ids;
    int64_t count, kept;
    real bar;
} Candidates;

/* Nearness is compared in double, and kept as `real`. */
static inline void offer(Candidates *to, const Nearest *given, real own, int32_t item) {
    double total = given->sums[item], nearness = (double)cosine_of(total, given->inverse[item], own) + often(total);
    if (nearness < to->bar || !(nearness > 0)) return;
    to->scores[to->count] = (real)nearness, to->ids[to->count++] = item;
    if (to->count == WAITING) {
        to_front(to->scores, to->ids, WAITING, to->kept);
        to->count = to->kept, to->bar = lowest(to->scores, to->kept);
    }
}

/* Adds the products of an item with those its listeners play to the sums. */
static void add_all(const Nearest *given, int64_t i) {
    double *sums = given->sums;
    for (int64_t p = given->starts[i]; p < given->starts[i + 1]; p++) {
        double own = given->values[p];
        int64_t last = given->row_starts[given->listeners[p] + 1];
        for (int64_t q = given->row_starts[given->listeners[p]]; q < last; q++)
            sums[given->row_items[q]] += own * given->row_values[q] + COUNTED;
    }
}

/* The same, and lists these items in `met`, and those with enough listeners in common in `together`. Returns how many
   the first are; `often_met` are the others. */
static int64_t add_met(const Nearest *given, int64_t i, int32_t *met, int32_t *together, int64_t *often_met) {
    double *sums = given->sums;
    int64_t seen = 0, enough = 0;
    for (int64_t p = given->starts[i]; p < given->starts[i + 1]; p++) {
        double own = given->values[p];
        int64_t last = given->row_starts[given->listeners[p] + 1];
        for (int64_t q = given->row_starts[given->listeners[p]]; q < last; q++) {
            int32_t j = given->row_items[q];
            double before = sums[j];
            met[seen] = together[enough] = j;
            seen += before == 0;
            enough += (before >= (MIN_TOGETHER - 1) * COUNTED) & (before < MIN_TOGETHER * COUNTED);
            sums[j] = before + (own * given->row_values[q] + COUNTED);
        }
    }
    *often_met = enough;
    return seen;
}

/* The highest nearness of the BLOCK items from `first` on. */
static real best_of(const Nearest *given, int64_t first, real own) {
    real nearness[BLOCK];
    for (int k = 0; k < BLOCK; k++) {
        double total = given->sums[first + k];
        nearness[k] = cosine_of(total, given->inverse[first + k], own) + (real)often(total);
    }
    for (int half = BLOCK / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++) nearness[k] = higher(nearness[k], nearness[k + half]);
    return nearness[0];
}

/* Offers the items of the blocks with the highest maxima. */
static void offer_all(const Nearest *given, int64_t i, Candidates *to) {
    real *best = given->scores + WAITING;
    int32_t *block = given->near + WAITING;
    int64_t blocks = (given->items + BLOCK - 1) / BLOCK;
    for (int64_t k = 0; k < blocks; k++) best[k] = best_of(given, k * BLOCK, given->inverse[i]), block[k] = (int32_t)k;
    if (blocks > given->kept) {
        /* So many blocks have a maximum of at least this: nothing below it is needed. */
        to_front(best, block, blocks, given->kept);
        to->bar = lowest(best, given->kept);
    }
    for (int64_t k = 0; k < least(given->kept, blocks); k++)
        for (int64_t j = (int64_t)block[k] * BLOCK; j < (int64_t)(block[k] + 1) * BLOCK; j++)
            offer(to, given, given->inverse[i], (int32_t)j);
}

/* Stores the nearest of the candidates, the first NEAREST of them in front. */
static void keep_nearest(const Nearest *given, int64_t i, Candidates *to) {
    to_front(to->scores, to->ids, to->count, given->kept);
    to->count = least(to->count, given->kept);
    to_front(to->scores, to->ids, to->count, NEAREST);
    given->counts[i] = (int32_t)to->count;
    for (int64_t k = 0; k < to->count; k++) {
        given->ids[i * given->kept + k] = to->ids[k];
        given->products[i * given->kept + k] = product_of(given->sums[to->ids[k]]);
    }
}

static void nearest_among_few(const Nearest *given, int64_t i, Candidates *to) {
    int64_t size = (given->items + BLOCK - 1) / BLOCK * BLOCK, enough;
    int32_t *met = given->near + WAITING, *together = met + size + 1;
    int64_t seen = add_met(given, i, met, together, &enough);
    given->sums[i] = 0;
    /* Those with enough listeners in common come before all others, and they may be enough. */
    const int32_t *among = enough > given->kept ? together : met;
    for (int64_t k = 0, last = enough > given->kept ? enough : seen; k < last; k++)
        offer(to, given, given->inverse[i], among[k]);
    keep_nearest(given, i, to);
    for (int64_t k = 0; k < seen; k++) given->sums[met[k]] = 0;
}

static void nearest_among_all(const Nearest *given, int64_t i, Candidates *to) {
    add_all(given, i);
    given->sums[i] = 0;
    offer_all(given, i, to);
    keep_nearest(given, i, to);
    memset(given->sums, 0, (size_t)given->items * sizeof(double));
}

/* The nearest items of each item: those with the largest penalised cosine, first those with enough listeners in
   common. */
void nearest(const Nearest *given) {
    for (int64_t part; (part = next_in_line(given->cursor)) < given->parts;)
        for (int64_t place = given->bounds[part]; place < given->bounds[part + 1]; place++) {
            Candidates found = {given->scores, given->near, 0, given->kept, 0};
            int64_t i = given->chosen[place], work = 0;
            for (int64_t p = given->starts[i]; p < given->starts[i + 1]; p++)
                work += given->row_starts[given->listeners[p] + 1] - given->row_starts[given->listeners[p]];
            if (work * FEW < given->items)
                nearest_among_few(given, i, &found);
            else
                nearest_among_all(given, i, &found);
        }
}

/* Adds `times` the products of some rows, by `values` of columns and of rows, to the products kept of each item. */
void added(const Added *given) {
    double *sums = given->sums;
    for (int64_t part; (part = next_in_line(given->cursor)) < given->parts;)
        for (int64_t i = given->bounds[part]; i < given->bounds[part + 1]; i++) {
            for (int64_t p = given->starts[i]; p < given->starts[i + 1]; p++) {
                int64_t last = given->row_starts[given->listeners[p] + 1];
                for (int64_t q = given->row_starts[given->listeners[p]]; q < last; q++)
                    sums[given->row_items[q]] += given->values[p] * given->row_values[q];
            }
            for (int64_t k = i * given->kept; k < i * given->kept + given->counts[i]; k++)
                given->products[k] = (real)((real)given->times * given->products[k] + sums[given->ids[k]]);
            for (int64_t p = given->starts[i]; p < given->starts[i + 1]; p++) {
                int64_t last = given->row_starts[given->listeners[p] + 1];
                for (int64_t q = given->row_starts[given->listeners[p]]; q < last; q++) sums[given->row_items[q]] = 0;
            }
        }
}

/* Solves one item's system in place by elimination; the weights of its `size` nearest go into `own`. */
static void eliminate(real *system, const int32_t *near, const real *diagonal, int64_t size, real *own) {
    real *right = system + SYSTEM, *pivots = right + RANK;
    for (int64_t a = 1; a <= size; a++) {
        real *row = system + a * RANK;
        pivots[a] = row[a];
        if (pivots[a] < (real)PIVOT_FLOOR * diagonal[near[a - 1]]) {
            /* Nearly a linear combination of the others, or products that were not kept would mislead: weight 0. */
            right[a] = 0, pivots[a] = 1;
            memset(row, 0, RANK * sizeof(real));
        }
        for (int64_t b = a + 1; b <= size; b++) {
            if (row[b] == 0) continue;
            real times = row[b] / pivots[a], *other = system + b * RANK;
            for (int64_t k = b / LANES * LANES; k < RANK; k += LANES)
                store(other + k, load(other + k) - spread(times) * load(row + k));
            right[b] -= times * right[a];
        }
    }
    memset(own, 0, RANK * sizeof(real));
    for (int64_t a = size; a > 0; a--) own[a] = (right[a] - dot(system + a * RANK, own)) / pivots[a];
}

/* An empty system of an item's `size` nearest, and its right side; each one's row is in `places`. */
static void begin_system(const int32_t *near, const real *products, int64_t size, real *system, uint8_t *places) {
    memset(system + RANK, 0, (size_t)size * RANK * sizeof(real));
    for (int64_t a = 1; a <= size; a++) {
        places[near[a - 1]] = (uint8_t)a;
        system[SYSTEM + a] = products[a - 1];
    }
}

/* Inlined before a compiler finds that it computes nothing. */
static inline __attribute__((always_inline)) void fetch(const void *from, int64_t bytes) {
    for (int64_t offset = 0; offset < bytes; offset += CACHE_LINE) __builtin_prefetch((const char *)from + offset);
}

/* The products kept of the nearest among each other, one row an item. */
static void fill_from_products(const Weights *given, const int32_t *near, int64_t size) {
    for (int64_t a = 1; a <= size; a++) {
        int64_t own = near[a - 1], ahead = near[least(a + AHEAD, size) - 1];
        fetch(given->ids + ahead * given->kept, given->counts[ahead] * (int64_t)sizeof(int32_t));
        fetch(given->products + ahead * given->kept, given->counts[ahead] * (int64_t)sizeof(real));
        const int32_t *others = given->ids + own * given->kept;
        const real *theirs = given->products + own * given->kept;
        real *row = given->room + a * RANK;
        for (int32_t q = 0; q < given->counts[own]; q++) row[given->places[others[q]]] = theirs[q];
        row[a] = given->diagonal[own];
    }
    for (int64_t a = 1; a <= size; a++)
        for (int64_t b = a + 1; b <= size; b++) {
            real *cell = given->room + a * RANK + b;
            /* Known if either of the two kept it. */
            if (*cell == 0) *cell = given->room[b * RANK + a];
        }
}

/* The weights of each item's nearest: (Z_S'Z_S + D_S)^-1 Z_S' z_i by elimination. */
void weights(const Weights *given) {
    for (int64_t part; (part = next_in_line(given->cursor)) < given->parts;)
        for (int64_t place = given->bounds[part]; place < given->bounds[part + 1]; place++) {
            int64_t i = given->chosen[place], size = least(given->counts[i], NEAREST);
            const int32_t *near = given->ids + i * given->kept;
            begin_system(near, given->products + i * given->kept, size, given->room, given->places);
            fill_from_products(given, near, size);
            for (int64_t a = 1; a <= size; a++) given->places[near[a - 1]] = 0;
            eliminate(given->room, near, given->diagonal, size, given->weights + place * RANK);
        }
}

/* The products of the nearest among each other, of the item's own listeners. */
static void fill_from_listeners(const Joining *given, int64_t i, const int32_t *near, int64_t size) {
    /* A listener's values are stored where the pivots will be; what is not among the nearest goes to column 0. */
    real *own = given->room + SYSTEM + RANK;
    for (int64_t p = given->starts[i]; p < given->starts[i + 1]; p++) {
        memset(own, 0, (size_t)(size + 1) * sizeof(real));
        int64_t last = given->row_starts[given->listeners[p] + 1];
        for (int64_t q = given->row_starts[given->listeners[p]]; q < last; q++)
            own[given->places[given->row_items[q]]] = given->row_values[q];
        for (int64_t a = 1; a <= size; a++) {
            real *row = given->room + a * RANK;
            if (own[a] != 0)
                for (int64_t b = a + 1; b <= size; b++) row[b] += own[a] * own[b];
        }
    }
    for (int64_t a = 1; a <= size; a++) given->room[a * RANK + a] = given->diagonal[near[a - 1]];
}

/* The weights of each item's nearest, with Z_S'Z_S (off the diagonal) from the item's own listeners. */
void joining(const Joining *given) {
    for (int64_t part; (part = next_in_line(given->cursor)) < given->parts;)
        for (int64_t place = given->bounds[part]; place < given->bounds[part + 1]; place++) {
            int64_t i = given->chosen[place], size = least(given->counts[i], given->kept);
            const int32_t *near = given->ids + i * given->kept;
            begin_system(near, given->products + i * given->kept, size, given->room, given->places);
            fill_from_listeners(given, i, near, size);
            for (int64_t a = 1; a <= size; a++) given->places[near[a - 1]] = 0;
            eliminate(given->room, near, given->diagonal, size, given->weights + place * RANK);
        }
}
