"""Where files are kept: in a folder, or in a store that speaks S3 behind one."""

from safety_service.blobs.folder import Blobs, FolderBlobs
from safety_service.blobs.s3 import S3Blobs, S3Place
from safety_service.blobs.spooled import SpooledBlobs

__all__ = ["Blobs", "FolderBlobs", "S3Blobs", "S3Place", "SpooledBlobs"]
