package message

import (
	"strings"
	"unicode/utf8"
)

// MaxName is the greatest length of an attachment's name, in octets.
const MaxName = 255

// harmlessName makes a sender's file name fit for any file system, header and
// page: the last element of a path, without control, bidirectional or reserved
// characters, not hidden, not a device of Windows. An empty one is made from
// the media type.
func harmlessName(name, mediaType string) string {
	name = clean(name)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimLeft(name, ". "), ". ")
	if name == "" {
		return nameOf(mediaType)
	}
	if reservedName(name) {
		name = "_" + name
	}
	return shorten(name)
}

// reservedName tells a device name of Windows, which it stays with any extension.
func reservedName(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch stem = strings.TrimRight(stem, " "); stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	if len(stem) < 4 || stem[:3] != "COM" && stem[:3] != "LPT" {
		return false
	}
	digit := stem[3:]
	return len(digit) == 1 && '0' <= digit[0] && digit[0] <= '9' || digit == "¹" || digit == "²" || digit == "³"
}

// shorten cuts the stem of a name that is too long and keeps its extension.
func shorten(name string) string {
	if len(name) <= MaxName {
		return name
	}
	ext := ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 && len(name)-i <= 16 {
		ext = name[i:]
	}
	stem := name[:MaxName-len(ext)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRight(stem, ". ") + ext
}

// nameOf names a file whose sender gave it no name.
func nameOf(mediaType string) string {
	switch mediaType {
	case "image/jpeg", "image/jpg":
		return "image.jpg"
	case "image/png":
		return "image.png"
	case "image/gif":
		return "image.gif"
	case "image/webp":
		return "image.webp"
	case "image/heic":
		return "image.heic"
	case "application/pdf":
		return "document.pdf"
	case "application/ms-tnef", "application/vnd.ms-tnef":
		return "winmail.dat"
	case "message/rfc822", "message/global":
		return "message.eml"
	case "text/calendar":
		return "invite.ics"
	case "text/vcard", "text/x-vcard", "text/directory":
		return "contact.vcf"
	case "text/html":
		return "page.html"
	case "text/csv":
		return "table.csv"
	}
	if strings.HasPrefix(mediaType, "text/") {
		return "text.txt"
	}
	return "attachment.bin"
}
