/* SPDX-License-Identifier: MIT */
/* Executors: which one is chosen, with which settings; and talking to programs. */
#include "store.h"

#include <errno.h>
#include <signal.h>

#include "base/talk.h"
#include "run/executor.h"
#include "run/launch.h"
#include "run/status.h"

#define CONFIG                                                                                     \
	"executors:\n"                                                                             \
	"  gpu: {type: slurm, time: 1:30:00, gpus: 2, options: [--nice, --x=1]}\n"                 \
	"  odd: {type: cloud}\n"                                                                   \
	"  bad: {type: slurm, colour: red}\n"                                                      \
	"  worse: {type: slurm, options: --nice}\n"

/* All that was chosen, as Python shows it; the sentence where nothing could be. */
static void expect(const struct store *s, const struct executor_choice *choice, const char *wanted)
{
	_cleanup_value_ struct value *settings = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (executor_choose(s->home, "/", choice, &settings, &err) < 0)
		buf_puts(&text, err_text(&err));
	else if (settings)
		value_repr(&text, settings);
	if (!strstr(buf_str(&text), wanted) || (!*wanted && text.len))
		fail_msg("wanted %s, got %s", wanted, buf_str(&text));
}

static void write_config(const struct store *s, const char *text)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/config.yml", s->home->path);
	support_write(buf_str(&path), text);
}

static void choosing(void **state)
{
	struct strv options = STRV_INIT, wrong = STRV_INIT;
	struct operation op = {.name = (char *)"op"};
	struct store s;

	unsetenv("GUILD_CONFIG");
	store_open(&s, *state);
	write_config(&s, CONFIG);
	assert_int_equal(strv_add(&options, "time=5"), 0);
	assert_int_equal(strv_add(&wrong, "time"), 0);
	/* Times are written as they were, not as the number that YAML makes of them. */
	expect(&s, &(struct executor_choice){.asked = "gpu"},
		"{'time': '1:30:00', 'gpus': '2', 'options': ['--nice', '--x=1'], 'type': "
		"'slurm'}");
	expect(&s, &(struct executor_choice){.asked = "gpu", .options = &options}, "'time': '5'");
	expect(&s, &(struct executor_choice){.asked = "gpu", .options = &wrong},
		"invalid executor option 'time'");
	expect(&s, &(struct executor_choice){.asked = "slurm"}, "{'type': 'slurm'}");
	expect(&s, &(struct executor_choice){.asked = "local"}, "{'type': 'local'}");
	expect(&s, &(struct executor_choice){.asked = "no"},
		"there is no executor 'no'; the executors are: local, slurm, gpu, odd, bad, worse");
	expect(&s, &(struct executor_choice){.asked = "odd"}, "type is to be local or slurm");
	expect(&s, &(struct executor_choice){.asked = "bad"}, "unknown setting 'colour'");
	expect(&s, &(struct executor_choice){.asked = "worse"}, "a list of sbatch's options");
	expect(&s, &(struct executor_choice){.options = &options}, "name one");
	expect(&s, &(struct executor_choice){.op = &op}, "");
	/* The mount's goes before the configuration's, and the operation's before both. */
	write_config(&s, CONFIG "executor: slurm\n");
	expect(&s, &(struct executor_choice){.op = &op}, "{'type': 'slurm'}");
	expect(&s, &(struct executor_choice){.op = &op, .otherwise = "gpu"}, "1:30:00");
	op.data = value_map();
	assert_int_equal(value_map_set(op.data, "executor", value_string("local")), 0);
	expect(&s, &(struct executor_choice){.op = &op, .otherwise = "gpu"}, "{'type': 'local'}");
	value_free(op.data);
	/* A run that is started again has one already. */
	expect(&s, &(struct executor_choice){.otherwise = "gpu"}, "");
	strv_release(&options);
	strv_release(&wrong);
	store_close(&s);
}

static void kept_with_the_run(void **state)
{
	_cleanup_value_ struct value *op = NULL, *settings = value_map(), *got = NULL;
	_cleanup_close_ int run_fd = -1;
	char id[RUN_ID_LEN + 1] = "";
	struct store s;

	store_open(&s, *state);
	store_birth(&s, "op", false, id);
	run_fd = home_open_run(s.home, id);
	assert_ptr_equal(executor_of_run(run_fd, &got), &executor_local);
	assert_null(got);
	assert_false(launch_is_elsewhere(s.home, id));
	assert_int_equal(attr_read(run_fd, "op", &op, NULL), 0);
	assert_int_equal(value_map_set(settings, "type", value_string("slurm")), 0);
	assert_int_equal(executor_put(op, settings), 0);
	assert_int_equal(attr_write(run_fd, "op", op, FILE_NOSYNC), 0);
	assert_ptr_equal(executor_of_run(run_fd, &got), &executor_slurm);
	assert_true(value_equal(got, settings));
	assert_int_equal(value_map_set(settings, "type", value_string("local")), 0);
	assert_int_equal(executor_put(op, settings), 0);
	assert_int_equal(attr_write(run_fd, "op", op, FILE_NOSYNC), 0);
	assert_false(launch_is_elsewhere(s.home, id));
	store_close(&s);
}

static void will_not_begin(void **state)
{
	_cleanup_buf_ struct buf reason = BUF_INIT, output = BUF_INIT;
	_cleanup_close_ int run_fd = -1;
	char id[RUN_ID_LEN + 1] = "";
	struct store s;

	store_open(&s, *state);
	store_birth(&s, "op", false, id);
	run_fd = home_open_run(s.home, id);
	assert_int_equal(run_job_write(run_fd, &executor_slurm, "12"), 0);
	assert_int_equal(launch_fail(s.home, id, -SIGTERM, "it was cancelled"), 0);
	assert_int_equal(run_status_get(run_fd), RUN_TERMINATED);
	run_reason(run_fd, &reason);
	assert_string_equal(buf_str(&reason), "it was cancelled");
	assert_int_equal(file_read(run_fd, ".guild/output", 1024, &output), 0);
	assert_string_equal(buf_str(&output), "guild: it was cancelled\n");
	assert_int_equal(launch_fail(s.home, id, 1, "once more"), -ESRCH);
	/* What was said of one start is not said of the next. */
	assert_int_equal(launch_claim_restart(s.home, id, NULL), 0);
	assert_int_equal(run_status_get(run_fd), RUN_PENDING);
	buf_clear(&reason);
	run_reason(run_fd, &reason);
	assert_string_equal(buf_str(&reason), "");
	store_close(&s);
}

static int talk_sh(const char *script, const char *input, int timeout_ms, struct buf *out,
	struct buf *messages)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	char *env[] = {(char *)"PATH=/usr/bin:/bin", NULL};

	return talk(&(struct talk){.argv = argv,
			    .program = "/bin/sh",
			    .env = env,
			    .dir = "/",
			    .input = input,
			    .input_len = input ? strlen(input) : 0,
			    .uid = geteuid(),
			    .gid = getegid(),
			    .timeout_ms = timeout_ms},
		out, messages);
}

static void talking(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT, messages = BUF_INIT, large = BUF_INIT;

	(void)state;
	assert_int_equal(
		talk_sh("cat; pwd; echo no >&2; exit 3", "yes\n", 60000, &out, &messages), 3);
	assert_string_equal(buf_str(&out), "yes\n/\n");
	assert_string_equal(buf_str(&messages), "no\n");
	/* More than a pipe holds, both ways. */
	for (int i = 0; i < 100000; i++)
		buf_puts(&large, "0123456789");
	buf_clear(&out);
	assert_int_equal(talk_sh("cat", buf_str(&large), 60000, &out, &messages), 0);
	assert_int_equal(out.len, large.len);
	/* Nobody has to listen to the end. */
	assert_int_equal(talk_sh("exec <&-; exit 0", buf_str(&large), 60000, &out, &messages), 0);
	assert_int_equal(talk_sh("kill -KILL $$", NULL, 60000, &out, &messages), 128 + SIGKILL);
	assert_int_equal(talk_sh("sleep 600", NULL, 50, &out, &messages), -ETIME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(choosing, support_setup, support_teardown),
		cmocka_unit_test_setup_teardown(kept_with_the_run, support_setup, support_teardown),
		cmocka_unit_test_setup_teardown(will_not_begin, support_setup, support_teardown),
		cmocka_unit_test(talking),
	};

	return cmocka_run_group_tests_name("executors", tests, NULL, NULL);
}
