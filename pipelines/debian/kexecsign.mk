# For debian/rules:   include debian/kexecsign.mk   (the file beside it, dh_kexecsign, in debian/ or in PATH)
# In debian/control:   Build-Depends: kexecsign (>= 0.1.0~), softhsm2
# Signs between installing and packing, so that the package holds what was signed, and judges last, so that it holds what was judged:
# dh_strip, for instance, takes the signatures of modules away.
KEXECSIGN_PACKAGES ?= $(shell sed -n 's/^Package: *//p' debian/control)

execute_after_dh_install:
	$(or $(wildcard debian/dh_kexecsign),dh_kexecsign) $(KEXECSIGN_PACKAGES)

execute_before_dh_builddeb:
	$(or $(wildcard debian/dh_kexecsign),dh_kexecsign) --gate $(KEXECSIGN_PACKAGES)

execute_after_dh_clean:
	rm -rf debian/.kexecsign

.PHONY: execute_after_dh_install execute_before_dh_builddeb execute_after_dh_clean
