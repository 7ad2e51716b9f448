using System.Collections.Frozen;

namespace KexecSign.Keys.Pkcs11.Native;

/// <summary>CK_RV values, with their names in the standard.</summary>
internal static class ReturnValue
{
    public const nuint Ok = 0x0;
    public const nuint FunctionFailed = 0x6;
    public const nuint ArgumentsBad = 0x7;
    public const nuint DataInvalid = 0x20;
    public const nuint DataLengthRange = 0x21;
    public const nuint DeviceError = 0x30;
    public const nuint DeviceRemoved = 0x32;
    public const nuint AttributeSensitive = 0x11;
    public const nuint AttributeTypeInvalid = 0x12;
    public const nuint KeyHandleInvalid = 0x60;
    public const nuint MechanismInvalid = 0x70;
    public const nuint ObjectHandleInvalid = 0x82;
    public const nuint OperationActive = 0x90;
    public const nuint OperationNotInitialized = 0x91;
    public const nuint PinIncorrect = 0xA0;
    public const nuint PinInvalid = 0xA1;
    public const nuint PinLengthRange = 0xA2;
    public const nuint PinExpired = 0xA3;
    public const nuint PinLocked = 0xA4;
    public const nuint SessionClosed = 0xB0;
    public const nuint SessionCount = 0xB1;
    public const nuint SessionHandleInvalid = 0xB3;
    public const nuint TokenNotPresent = 0xE0;
    public const nuint TokenNotRecognized = 0xE1;
    public const nuint UserAlreadyLoggedIn = 0x100;
    public const nuint UserNotLoggedIn = 0x101;
    public const nuint GeneralError = 0x5;
    public const nuint UserPinNotInitialized = 0x102;
    public const nuint BufferTooSmall = 0x150;
    public const nuint CryptokiNotInitialized = 0x190;
    public const nuint CryptokiAlreadyInitialized = 0x191;

    private static readonly FrozenDictionary<nuint, string> Names = new Dictionary<nuint, string>
    {
        [0x00] = "CKR_OK",
        [0x01] = "CKR_CANCEL",
        [0x02] = "CKR_HOST_MEMORY",
        [0x03] = "CKR_SLOT_ID_INVALID",
        [0x05] = "CKR_GENERAL_ERROR",
        [0x06] = "CKR_FUNCTION_FAILED",
        [0x07] = "CKR_ARGUMENTS_BAD",
        [0x08] = "CKR_NO_EVENT",
        [0x09] = "CKR_NEED_TO_CREATE_THREADS",
        [0x0A] = "CKR_CANT_LOCK",
        [0x10] = "CKR_ATTRIBUTE_READ_ONLY",
        [0x11] = "CKR_ATTRIBUTE_SENSITIVE",
        [0x12] = "CKR_ATTRIBUTE_TYPE_INVALID",
        [0x13] = "CKR_ATTRIBUTE_VALUE_INVALID",
        [0x1B] = "CKR_ACTION_PROHIBITED",
        [0x20] = "CKR_DATA_INVALID",
        [0x21] = "CKR_DATA_LEN_RANGE",
        [0x30] = "CKR_DEVICE_ERROR",
        [0x31] = "CKR_DEVICE_MEMORY",
        [0x32] = "CKR_DEVICE_REMOVED",
        [0x50] = "CKR_FUNCTION_CANCELED",
        [0x51] = "CKR_FUNCTION_NOT_PARALLEL",
        [0x54] = "CKR_FUNCTION_NOT_SUPPORTED",
        [0x60] = "CKR_KEY_HANDLE_INVALID",
        [0x62] = "CKR_KEY_SIZE_RANGE",
        [0x63] = "CKR_KEY_TYPE_INCONSISTENT",
        [0x68] = "CKR_KEY_FUNCTION_NOT_PERMITTED",
        [0x70] = "CKR_MECHANISM_INVALID",
        [0x71] = "CKR_MECHANISM_PARAM_INVALID",
        [0x82] = "CKR_OBJECT_HANDLE_INVALID",
        [0x90] = "CKR_OPERATION_ACTIVE",
        [0x91] = "CKR_OPERATION_NOT_INITIALIZED",
        [0xA0] = "CKR_PIN_INCORRECT",
        [0xA1] = "CKR_PIN_INVALID",
        [0xA2] = "CKR_PIN_LEN_RANGE",
        [0xA3] = "CKR_PIN_EXPIRED",
        [0xA4] = "CKR_PIN_LOCKED",
        [0xB0] = "CKR_SESSION_CLOSED",
        [0xB1] = "CKR_SESSION_COUNT",
        [0xB3] = "CKR_SESSION_HANDLE_INVALID",
        [0xB4] = "CKR_SESSION_PARALLEL_NOT_SUPPORTED",
        [0xB5] = "CKR_SESSION_READ_ONLY",
        [0xB6] = "CKR_SESSION_EXISTS",
        [0xB7] = "CKR_SESSION_READ_ONLY_EXISTS",
        [0xB8] = "CKR_SESSION_READ_WRITE_SO_EXISTS",
        [0xC0] = "CKR_SIGNATURE_INVALID",
        [0xD0] = "CKR_TEMPLATE_INCOMPLETE",
        [0xD1] = "CKR_TEMPLATE_INCONSISTENT",
        [0xE0] = "CKR_TOKEN_NOT_PRESENT",
        [0xE1] = "CKR_TOKEN_NOT_RECOGNIZED",
        [0xE2] = "CKR_TOKEN_WRITE_PROTECTED",
        [0x100] = "CKR_USER_ALREADY_LOGGED_IN",
        [0x101] = "CKR_USER_NOT_LOGGED_IN",
        [0x102] = "CKR_USER_PIN_NOT_INITIALIZED",
        [0x103] = "CKR_USER_TYPE_INVALID",
        [0x104] = "CKR_USER_ANOTHER_ALREADY_LOGGED_IN",
        [0x105] = "CKR_USER_TOO_MANY_TYPES",
        [0x130] = "CKR_DOMAIN_PARAMS_INVALID",
        [0x140] = "CKR_CURVE_NOT_SUPPORTED",
        [0x150] = "CKR_BUFFER_TOO_SMALL",
        [0x190] = "CKR_CRYPTOKI_NOT_INITIALIZED",
        [0x191] = "CKR_CRYPTOKI_ALREADY_INITIALIZED",
        [0x1A0] = "CKR_MUTEX_BAD",
        [0x1A1] = "CKR_MUTEX_NOT_LOCKED",
        [0x1B7] = "CKR_PIN_TOO_WEAK",
        [0x200] = "CKR_FUNCTION_REJECTED",
    }.ToFrozenDictionary();

    /// <summary>The standard's name and the number, or the number alone for vendor codes.</summary>
    public static string Name(nuint value) => Names.TryGetValue(value, out string? name) ? $"{name} (0x{value:x})" : $"CK_RV 0x{value:x}";
}
