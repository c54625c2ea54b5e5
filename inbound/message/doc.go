// Package message turns the bytes of one received mail into a Message: what it
// says, who it names and which files come with it.
//
// It promises three things. Scan reads a mail once, line by line, in time
// proportional to its length, and refuses what is more nested, longer in the
// header or richer in parts than any mail client makes it; everything that is
// parsed afterwards is parsed along the structure Scan found, so that no mail
// costs more than its size. Parse finds the text of broken mail as well:
// boundaries that are missing, equal or never closed, wrong or absent charset
// labels, damaged base64. And every string it returns is valid UTF-8 without
// control characters, every file name harmless.
//
// It is the only home of enmime, which reads the header fields. Splitting and
// decoding bodies is done here: enmime's own reader of nested multiparts takes
// time exponential in their depth, and its base64 cleaner allocates an error
// for each stray byte.
//
// It leaves to others: who wrote the mail (mailauth), what of the text is new
// (extract), what a delivery report says (report), and what to do about it all
// (inbound).
package message
