"""LivePortrait's key points: x = s (x_c R + e) + t.

Axes: x right, y down, z away from the viewer; all coordinates in [-1, 1] of the 256 x 256 crop.
Shapes: B batch, K key points (21).
"""

import torch
from torch import Tensor

KEY_POINTS = 21
LIP_POINTS = (6, 12, 14, 17, 19, 20)
EYE_POINTS = (11, 13, 15, 16, 18)


def degrees_from_bins(logits_bn: Tensor) -> Tensor:
    """Logits (B, 66) of bins three degrees wide to degrees (B,)."""
    bins = torch.arange(logits_bn.shape[-1], dtype=torch.float32, device=logits_bn.device)
    return 3 * (logits_bn.float().softmax(-1) * bins).sum(-1) - 97.5


def rotation_matrix(pitch_b: Tensor, yaw_b: Tensor, roll_b: Tensor) -> Tensor:
    """Degrees about x, y and z to rotations (B, 3, 3), applied from the right: (Rz Ry Rx)^T."""
    x, y, z = (angle.reshape(-1).deg2rad() for angle in (pitch_b, yaw_b, roll_b))
    one, zero = torch.ones_like(x), torch.zeros_like(x)

    def matrix(*rows: Tensor) -> Tensor:
        return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))

    about_x = matrix(one, zero, zero, zero, x.cos(), -x.sin(), zero, x.sin(), x.cos())
    about_y = matrix(y.cos(), zero, y.sin(), zero, one, zero, -y.sin(), zero, y.cos())
    about_z = matrix(z.cos(), -z.sin(), zero, z.sin(), z.cos(), zero, zero, zero, one)
    return (about_z @ about_y @ about_x).mT


def angles_from(rotation_b33: Tensor) -> Tensor:
    """The inverse of `rotation_matrix`: (B, 3, 3) to (B, 3) degrees, pitch, yaw, roll.

    At a yaw of +-90 degrees, pitch and roll turn about the same axis. Roll is then what remains after pitch, so the rotation is
    still right.
    """
    m = rotation_b33.double().mT
    pitch = torch.atan2(m[..., 2, 1], m[..., 2, 2])
    yaw = torch.atan2(-m[..., 2, 0], torch.hypot(m[..., 2, 1], m[..., 2, 2]))
    sin, cos = pitch.sin(), pitch.cos()
    roll = torch.atan2(sin * m[..., 0, 2] - cos * m[..., 0, 1], cos * m[..., 1, 1] - sin * m[..., 1, 2])
    return torch.stack([pitch, yaw, roll], dim=-1).rad2deg().to(rotation_b33.dtype)


def transform(
    canonical_bk3: Tensor, rotation_b33: Tensor, expression_bk3: Tensor, translation_b3: Tensor, scale_b1: Tensor
) -> Tensor:
    """Key points (B, K, 3) in the picture. Expression is added after rotation; depth is not translated."""
    x = scale_b1.reshape(-1, 1, 1) * (canonical_bk3 @ rotation_b33 + expression_bk3)
    flat = translation_b3 * torch.tensor([1.0, 1.0, 0.0], device=x.device, dtype=x.dtype)
    return x + flat[:, None]
