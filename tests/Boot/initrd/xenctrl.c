/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for libxenctrl.so.4.17, with which Debian's kexec is linked and which would bring a dozen packages of Xen into the guest:
 * the one variable that has to be there. Nothing is called when the machine is not Xen's.
 *
 *     aarch64-linux-gnu-gcc -shared -nostdlib -Wl,-soname,libxenctrl.so.4.17 -Wl,--version-script=xenctrl.map -o libxenctrl.so.4.17 xenctrl.c
 */
long xc__hypercall_buffer_HYPERCALL_BUFFER_NULL[8];
