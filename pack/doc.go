// Package pack is what is published: a package's manifest, files and digest, npm tarballs under limits, version ranges, and the locked modules a build uses.
package pack
