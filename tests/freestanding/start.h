/*
 * start.h - where a Linux program begins and ends, without a C library.
 *
 * Offers: _start, which calls program() on an aligned stack and ends the
 * process with what it returns.  Does not compile for other machines.
 *
 * SPDX-License-Identifier: MIT
 */
#if defined(__linux__) && defined(__x86_64__) && !defined(__ILP32__)
__asm__(".globl _start\n"
        "_start:\n"
        "    xorl %ebp, %ebp\n"
        "    andq $-16, %rsp\n"
        "    call program\n"
        "    movl %eax, %edi\n"
        "    movl $231, %eax\n" /* exit_group */
        "    syscall\n"
        "    hlt\n");
#elif defined(__linux__) && defined(__i386__)
__asm__(".globl _start\n"
        "_start:\n"
        "    xorl %ebp, %ebp\n"
        "    andl $-16, %esp\n"
        "    call program\n"
        "    movl %eax, %ebx\n"
        "    movl $252, %eax\n" /* exit_group */
        "    int $0x80\n"
        "    hlt\n");
#elif defined(__linux__) && defined(__aarch64__)
__asm__(".globl _start\n"
        "_start:\n"
        "    mov x29, #0\n"
        "    mov x30, #0\n"
        "    bl program\n"
        "    mov x8, #94\n" /* exit_group */
        "    svc #0\n"
        "    brk #0\n");
#else
#error "start.h does not know this machine"
#endif

int program(void);
