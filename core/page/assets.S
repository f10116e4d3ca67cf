/* SPDX-License-Identifier: MIT */
/*
 * The page's sources, as they are, in the library: each a text that ends in a NUL. The scripts are
 * one, since they are one script of the page; what is used stands before what uses it.
 */
	.section .rodata
	.globl page_asset_html, page_asset_style, page_asset_script
page_asset_html:
	.incbin "core/page/page.html"
	.byte 0
page_asset_style:
	.incbin "core/page/page.css"
	.byte 0
page_asset_script:
	.incbin "core/page/table.js"
	.incbin "core/page/curves.js"
	.incbin "core/page/runs.js"
	.incbin "core/page/tabs.js"
	.incbin "core/page/panel.js"
	.incbin "core/page/source.js"
	.incbin "core/page/page.js"
	.byte 0
	.section .note.GNU-stack, "", %progbits
