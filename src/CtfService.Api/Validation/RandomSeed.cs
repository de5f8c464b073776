using System.Buffers.Binary;
using System.Security.Cryptography;
using CtfService.Core.Generation;

namespace CtfService.Api.Validation;

/// <summary>Draws the seed of a request that has none.</summary>
internal static class RandomSeed
{
    /// <summary>Returns a seed that every client can hold exactly.</summary>
    public static ulong Draw() =>
        BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))) >> (64 - ImageSeed.DerivedBits);
}
