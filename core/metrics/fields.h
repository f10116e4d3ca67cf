/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the fields of TensorFlow's and TensorBoard's messages that are read or written here:
 * event.proto, summary.proto, tensor.proto, tensor_shape.proto, types.proto, and plugin_data.proto
 * of the hparams plugin.
 */
#ifndef METRICS_FIELDS_H
#define METRICS_FIELDS_H

enum {
	EVENT_WALL_TIME = 1,
	EVENT_STEP = 2,
	EVENT_FILE_VERSION = 3,
	EVENT_SUMMARY = 5,

	SUMMARY_VALUE = 1,
	VALUE_TAG = 1,
	VALUE_SIMPLE = 2,
	VALUE_IMAGE = 4,
	VALUE_TENSOR = 8,
	VALUE_METADATA = 9,
	METADATA_PLUGIN = 1,
	PLUGIN_NAME = 1,
	PLUGIN_CONTENT = 2,

	IMAGE_HEIGHT = 1,
	IMAGE_WIDTH = 2,
	IMAGE_COLORSPACE = 3,
	IMAGE_ENCODED = 4,

	TENSOR_DTYPE = 1,
	TENSOR_SHAPE = 2,
	TENSOR_CONTENT = 4,
	TENSOR_FLOAT_VAL = 5,
	TENSOR_DOUBLE_VAL = 6,
	TENSOR_INT_VAL = 7,
	TENSOR_STRING_VAL = 8,
	TENSOR_INT64_VAL = 10,
	TENSOR_BOOL_VAL = 11,
	TENSOR_HALF_VAL = 13,
	TENSOR_UINT32_VAL = 16,
	TENSOR_UINT64_VAL = 17,
	SHAPE_DIM = 2,
	SHAPE_UNKNOWN_RANK = 3,
	DIM_SIZE = 1,

	HPARAMS_SESSION_START = 3,
	HPARAMS_SESSION_END = 4,
	START_HPARAMS = 1,
	START_GROUP_NAME = 4,
	START_TIME_SECS = 5,
	END_STATUS = 1,
	END_TIME_SECS = 2,

	/* An entry of a map, and google.protobuf.Value. */
	ENTRY_KEY = 1,
	ENTRY_VALUE = 2,
	ANY_NUMBER = 2,
	ANY_STRING = 3,
	ANY_BOOL = 4,
};

enum tensor_dtype {
	DT_FLOAT = 1,
	DT_DOUBLE = 2,
	DT_INT32 = 3,
	DT_UINT8 = 4,
	DT_INT16 = 5,
	DT_INT8 = 6,
	DT_STRING = 7,
	DT_INT64 = 9,
	DT_BOOL = 10,
	DT_BFLOAT16 = 14,
	DT_UINT16 = 17,
	DT_HALF = 19,
	DT_UINT32 = 22,
	DT_UINT64 = 23,
};

#endif
