using System.Collections.Immutable;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Vocabulary;
using KexecSign.Formats.Zboot;
using KexecSign.Judging;
using KexecSign.Judging.Firmwares;
using KexecSign.Judging.Policies;

namespace KexecSign.Catalog;

/// <summary>JSON Schemas (2020-12) of the documents that people write, and of provenance; kept beside the readers and held against them by tests.</summary>
public static class PublishedSchemas
{
    private static readonly string KeysAndPin = """
            "keys": {
              "type": "object",
              "description": "Keys by the names that steps use.",
              "additionalProperties": {
                "type": "object",
                "required": ["key", "cert"],
                "additionalProperties": false,
                "properties": {
                  "key": { "type": "string", "minLength": 1, "description": "A PKCS#11 URI (RFC 7512), exec:/path of a program that signs (in the user's own files), or a PEM file for tests." },
                  "cert": { "type": "string", "minLength": 1, "description": "Its certificate: a PKCS#11 URI, or a PEM or DER file." },
                  "digest": { "enum": [DIGESTS] }
                }
              }
            },
            "pin": {
              "type": "object",
              "description": "Where the PIN of the keys comes from; never the PIN. In a file of keys (--keys) that is the user's own; a plan that says it is refused.",
              "additionalProperties": false,
              "properties": {
                "env": { "type": "string", "minLength": 1, "description": "Name of an environment variable." },
                "file": { "type": "string", "minLength": 1, "description": "File whose first line is the PIN." }
              }
            }
        """.Replace("DIGESTS", Quoted(HashKind.Words(HashUses.Image)), StringComparison.Ordinal);

    /// <summary>A plan of many images, for <c>build</c>.</summary>
    public static string Plan { get; } = $$"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Plan of kexecsign build",
          "description": "Images, their keys, steps and outputs. Paths are taken from the plan's folder. Comments and trailing commas are allowed.",
          "type": "object",
          "required": ["images"],
          "additionalProperties": false,
          "properties": {
            "$schema": { "type": "string" },
        {{KeysAndPin}},
            "policy": { "type": "string", "minLength": 1, "description": "A policy that every image must satisfy before it appears." },
            "report": { "type": "string", "minLength": 1, "description": "Where the report of the whole plan goes; --report wins." },
            "steps": { "$ref": "#/$defs/steps", "description": "Steps of images that have none of their own." },
            "images": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/image" } }
          },
          "$defs": {
            "image": {
              "type": "object",
              "required": [{{PlanSchema.Required("image", "outputs")}}],
              "additionalProperties": false,
              "properties": {
                "$schema": { "type": "string" },
                "name": { "type": "string", "minLength": 1, "description": "Its name in reports; the output's file name when absent." },
        {{PlanSchema.Properties("image", 8)}},
                "steps": { "$ref": "#/$defs/steps" },
                "outputs": {
                  "type": "object",
                  "required": [{{PlanSchema.Required("outputs")}}],
                  "additionalProperties": false,
                  "properties": {
                    "$schema": { "type": "string" },
        {{PlanSchema.Properties("outputs", 12)}}
                  }
                }
              }
            },
            "steps": {
              "type": "array",
              "minItems": 1,
              "description": "In this order, each at most once: sign-inner, zboot, embed, sign, ima, provenance.",
              "items": {
                "oneOf": [
                  {
                    "type": "object", "required": [{{PlanSchema.Required("sign-inner", "step")}}], "additionalProperties": false,
                    "properties": {
                      "$schema": { "type": "string" },
                      "step": { "const": "sign-inner" },
        {{PlanSchema.Properties("sign-inner", 14)}}
                    }
                  },
                  {
                    "type": "object", "required": [{{PlanSchema.Required("zboot", "step")}}], "additionalProperties": false,
                    "properties": {
                      "$schema": { "type": "string" },
                      "step": { "const": "zboot" },
        {{PlanSchema.Properties("zboot", 14)}}
                    }
                  },
                  {
                    "type": "object", "required": [{{PlanSchema.Required("embed", "step")}}], "anyOf": [{ "required": ["parser"] }, { "required": ["sbat"] }], "additionalProperties": false,
                    "properties": {
                      "$schema": { "type": "string" },
                      "step": { "const": "embed" },
        {{PlanSchema.Properties("embed", 14)}}
                    }
                  },
                  {
                    "type": "object", "required": [{{PlanSchema.Required("sign", "step")}}], "additionalProperties": false,
                    "properties": {
                      "$schema": { "type": "string" },
                      "step": { "const": "sign" },
        {{PlanSchema.Properties("sign", 14)}}
                    }
                  },
                  {
                    "type": "object", "required": [{{PlanSchema.Required("ima", "step")}}], "additionalProperties": false,
                    "properties": {
                      "$schema": { "type": "string" },
                      "step": { "const": "ima" },
        {{PlanSchema.Properties("ima", 14)}}
                    }
                  },
                  {
                    "type": "object", "required": [{{PlanSchema.Required("provenance", "step")}}], "additionalProperties": false,
                    "properties": {
                      "$schema": { "type": "string" },
                      "step": { "const": "provenance" },
        {{PlanSchema.Properties("provenance", 14)}}
                    }
                  }
                ]
              }
            }
          }
        }

        """;

    /// <summary>Keys that are taken instead of a plan's, for <c>build --keys</c>.</summary>
    public static string KeysFile { get; } = $$"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Keys for a plan of kexecsign build",
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "$schema": { "type": "string" },
        {{KeysAndPin}}
          }
        }

        """;

    /// <summary>A policy, for <c>verify --policy</c> and <c>build --policy</c>.</summary>
    public static string Policy { get; } = PolicyTemplate()
        .Replace("ARCHITECTURES", Quoted(PolicyDocument.Architectures), StringComparison.Ordinal)
        .Replace("DEFAULT_FIRMWARE", FirmwareModel.Default.Word, StringComparison.Ordinal)
        .Replace("FIRMWARES", Quoted(FirmwareModel.Words), StringComparison.Ordinal)
        .Replace("CONSUMERS", Quoted(ConsumerFacts.Words), StringComparison.Ordinal)
        .Replace("SERIES", Quoted(ParserSeries.Words), StringComparison.Ordinal)
        .Replace("DIGESTS", Quoted(PolicyDocument.Digests), StringComparison.Ordinal)
        .Replace("ALGORITHMS", Quoted(PolicyDocument.Algorithms), StringComparison.Ordinal)
        .Replace("ROLES", string.Join('|', PolicyDocument.RoleNames), StringComparison.Ordinal);

    private static string Quoted(ImmutableArray<string> words) => string.Join(", ", words.Select(w => $"\"{w}\""));

    private static string PolicyTemplate() => """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Policy of kexecsign verify and gate",
          "description": "What a release must satisfy. Paths are taken from the policy's folder. Comments and trailing commas are allowed.",
          "type": "object",
          "additionalProperties": false,
          "anyOf": [
            { "required": ["consumers"] }, { "required": ["signatures"] }, { "required": ["sbat"] }, { "required": ["parser"] }, { "required": ["kits"] }, { "required": ["releases"] }, { "required": ["kitSigners"] },
            { "required": ["reproducible"], "properties": { "reproducible": { "const": true } } }
          ],
          "properties": {
            "$schema": { "type": "string" },
            "kits": { "type": "array", "minItems": 1, "items": { "type": "string", "pattern": "^[0-9a-fA-F:]{64,95}$" }, "description": "SHA-256 of the zboot kits that may be linked with; for 'build'." },
            "kitSigners": { "type": "array", "minItems": 1, "items": { "type": "string", "minLength": 1 }, "description": "Certificates of those one of whom must have signed the zboot kit, in KIT.intoto.json; for 'build'." },
            "certificates": {
              "description": "Certificates that are trusted, besides those of the command line: by role, or, for files with one kind of signature, in one list. A file of several is read whole.",
              "oneOf": [
                { "$ref": "#/$defs/references" },
                {
                  "type": "object",
                  "additionalProperties": false,
                  "properties": {
                    "$schema": { "type": "string" },
                    "db": { "$ref": "#/$defs/references", "description": "Firmware and shim; the kernel, too." },
                    "mok": { "$ref": "#/$defs/references", "description": "The machine owner's: shim, and the kernel that it starts." },
                    "kexec": { "$ref": "#/$defs/references", "description": "The kernel's keyrings." },
                    "ima": { "$ref": "#/$defs/references", "description": "The .ima keyring." },
                    "module": { "$ref": "#/$defs/references", "description": "The kernel's keyrings, when it loads a module; for 'gate'." },
                    "tsa": { "$ref": "#/$defs/references", "description": "Timestamp authorities, for 'expired'." }
                  }
                }
              ]
            },
            "consumers": { "type": "array", "items": { "enum": [CONSUMERS] }, "description": "Who must accept the image; 'ima' as it is once its sidecar is applied. An empty list is satisfied by nothing." },
            "architecture": { "enum": [ARCHITECTURES], "description": "What the image is for. Needed with 'kexec' in 'consumers', because what a kernel checks depends on it." },
            "kernel": { "type": "string", "pattern": "^[0-9]+\\.[0-9]+", "description": "Release of the kernel that loads the image, for instance 7.3, by whose rules it is judged; the image's own when absent." },
            "firmware": { "enum": [FIRMWARES], "description": "Firmware by whose rules the image is judged; DEFAULT_FIRMWARE when absent." },
            "releases": { "type": "array", "items": { "type": "string", "minLength": 1 }, "description": "Releases that the kernel in the image may be of, as 'uname -r' begins: 7.3 allows 7.3.4+deb13-arm64, not 7.30. An empty list allows none." },
            "expired": { "enum": ["warn", "fail"], "default": "warn", "description": "What a signer's certificate that is out of date means." },
            "weak": { "enum": ["refuse", "allow"], "default": "refuse", "description": "Whether digests and keys that are not to be relied on are taken where no list names them." },
            "signatures": {
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "$schema": { "type": "string" },
                "outer": { "$ref": "#/$defs/signature", "properties": { "atMost": { "type": "integer", "minimum": 1, "maximum": 100 } }, "unevaluatedProperties": false },
                "inner": { "$ref": "#/$defs/signature", "unevaluatedProperties": false },
                "ima": { "$ref": "#/$defs/signature", "unevaluatedProperties": false },
                "module": { "$ref": "#/$defs/signature", "properties": { "required": false }, "unevaluatedProperties": false, "description": "The appended signature that every module must have; for 'gate'." }
              }
            },
            "sbat": {
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "$schema": { "type": "string" },
                "required": { "type": "boolean", "default": true },
                "generations": { "type": "object", "additionalProperties": { "type": "integer", "minimum": 1 }, "description": "Lowest generation by component." }
              }
            },
            "parser": {
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "$schema": { "type": "string" },
                "required": { "type": "boolean", "description": "true: there must be one; false: there must be none; absent: there may be one." },
                "abi": { "type": "array", "items": { "enum": [SERIES] } }
              }
            },
            "reproducible": { "type": "boolean", "description": "Whether building again must give the same bytes." }
          },
          "$defs": {
            "references": { "type": "array", "items": { "type": "string", "minLength": 1 } },
            "signature": {
              "type": "object",
              "description": "A list that is there and empty allows nothing.",
              "properties": {
                "$schema": { "type": "string" },
                "required": { "type": "boolean", "default": true },
                "keys": {
                  "type": "array", "description": "SHA-256 of certificates or of public keys (SubjectPublicKeyInfo) that may sign, or roles of 'certificates'. A SubjectKeyIdentifier is none: anybody can write it into a certificate.",
                  "items": { "type": "string", "pattern": "^([0-9A-Fa-f]:?){63}[0-9A-Fa-f]$|^(ROLES)$" }
                },
                "digests": { "type": "array", "items": { "enum": [DIGESTS] } },
                "algorithms": { "type": "array", "items": { "enum": [ALGORITHMS] } },
                "validDays": { "type": "integer", "minimum": 0, "maximum": 36500, "description": "Days that the certificate must still be valid for." }
              }
            }
          }
        }

        """;

    /// <summary>The statement in a provenance envelope: in-toto v1 with SLSA provenance v1.</summary>
    public static string Provenance { get; } = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Statement in the envelope of kexecsign build --provenance",
          "type": "object",
          "required": ["_type", "subject", "predicateType", "predicate"],
          "properties": {
            "_type": { "const": "https://in-toto.io/Statement/v1" },
            "subject": { "$ref": "#/$defs/resources", "minItems": 1, "description": "The finished image; its #authenticode digest, #Image, #payload and #parser; sidecar, tar and signed Image." },
            "predicateType": { "const": "https://slsa.dev/provenance/v1" },
            "predicate": {
              "type": "object",
              "required": ["buildDefinition", "runDetails"],
              "properties": {
                "buildDefinition": {
                  "type": "object",
                  "required": ["buildType", "externalParameters", "internalParameters", "resolvedDependencies"],
                  "properties": {
                    "buildType": { "enum": ["urn:kexecsign:build:1", "urn:kexecsign:files:1"] },
                    "externalParameters": {
                      "type": "object",
                      "properties": { "image": { "type": "string" }, "linuxVersion": { "type": "string" }, "compression": { "enum": [COMPRESSIONS] }, "level": { "type": "integer" }, "library": { "type": "string" }, "xattr": { "type": "string" } }
                    },
                    "internalParameters": {
                      "type": "object",
                      "required": ["certificates"],
                      "properties": {
                        "certificates": {
                          "type": "array",
                          "items": {
                            "type": "object", "required": ["role", "subject", "sha256"],
                            "properties": { "role": { "enum": ["outer", "inner", "ima"] }, "subject": { "type": "string" }, "sha256": { "$ref": "#/$defs/sha256" } }
                          }
                        }
                      }
                    },
                    "resolvedDependencies": { "$ref": "#/$defs/resources", "minItems": 1 }
                  }
                },
                "runDetails": {
                  "type": "object",
                  "required": ["builder"],
                  "properties": {
                    "builder": {
                      "type": "object", "required": ["id", "version"],
                      "properties": { "id": { "type": "string" }, "version": { "type": "object", "additionalProperties": { "type": "string" } } }
                    }
                  }
                }
              }
            }
          },
          "$defs": {
            "sha256": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
            "resources": {
              "type": "array",
              "items": {
                "type": "object", "required": ["name", "digest"],
                "properties": { "name": { "type": "string" }, "digest": { "type": "object", "required": ["sha256"], "properties": { "sha256": { "$ref": "#/$defs/sha256" } } } }
              }
            }
          }
        }

        """.Replace("COMPRESSIONS", Quoted(PayloadFormat.Words), StringComparison.Ordinal);

    /// <summary>A configuration.</summary>
    public static string Configuration { get; } = $$"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Configuration of kexecsign",
          "description": "Named keys, trust and profiles: kexecsign.json beside the work, $XDG_CONFIG_HOME/kexecsign/config.json, /etc/kexecsign/config.json, KEXECSIGN_CONFIG or --config FILE. Paths are taken from its folder. One found in the working folder names no module, PIN source or exec: signer.",
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "$schema": { "type": "string" },
            "keys": {
              "type": "object",
              "description": "Keys by name: 'db' is -k db and --key @db.",
              "additionalProperties": {
                "type": "object",
                "required": ["key"],
                "additionalProperties": false,
                "properties": {
                  "$schema": { "type": "string" },
                  "key": { "type": "string", "minLength": 1, "description": "A PKCS#11 URI (RFC 7512), exec:/path of a program that signs (in the user's own files), or a PEM file for tests." },
                  "cert": { "type": "string", "minLength": 1, "description": "Its certificate; without it the one beside the key in the token." },
                  "digest": { "enum": [{{Quoted(HashKind.Words(HashUses.General))}}] },
                  "module": { "type": "string", "minLength": 1, "description": "Path or name of the PKCS#11 module." },
                  "pin": { "$ref": "#/$defs/pin" },
                  "timestamp": { "$ref": "#/$defs/texts", "description": "URLs of timestamp servers." }
                }
              }
            },
            "module": { "type": "string", "minLength": 1, "description": "Path or name of the PKCS#11 module of keys that name none." },
            "pin": { "$ref": "#/$defs/pin" },
            "timestamp": { "$ref": "#/$defs/texts", "description": "URLs of timestamp servers for keys that name none." },
            "trust": {
              "type": "object",
              "description": "Certificates that verify trusts when none is given to it, by who trusts them.",
              "additionalProperties": false,
              "properties": {
                "$schema": { "type": "string" },
                "db": { "$ref": "#/$defs/texts" }, "mok": { "$ref": "#/$defs/texts" }, "kexec": { "$ref": "#/$defs/texts" },
                "ima": { "$ref": "#/$defs/texts" }, "module": { "$ref": "#/$defs/texts" }, "tsa": { "$ref": "#/$defs/texts" }
              }
            },
            "profiles": {
              "type": "object",
              "description": "Options of build by the names of profiles: build --profile NAME.",
              "additionalProperties": { "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } }
            }
          },
          "$defs": {
            "texts": { "type": "array", "items": { "type": "string", "minLength": 1 } },
            "pin": {
              "type": "object",
              "description": "Where the PIN comes from; never the PIN.",
              "additionalProperties": false,
              "minProperties": 1,
              "properties": {
                "$schema": { "type": "string" },
                "env": { "type": "string", "minLength": 1, "description": "Name of an environment variable." },
                "file": { "type": "string", "minLength": 1, "description": "File whose first line is the PIN." }
              }
            }
          }
        }

        """;

    /// <summary>All of them by file name.</summary>
    public static IReadOnlyList<(string FileName, string Text)> All { get; } =
    [
        ("plan.schema.json", Plan), ("keys-file.schema.json", KeysFile), ("policy.schema.json", Policy), ("provenance.schema.json", Provenance), ("config.schema.json", Configuration),
    ];
}
